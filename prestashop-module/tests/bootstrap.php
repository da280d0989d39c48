<?php

declare(strict_types=1);

require __DIR__.'/../tools/vendor/autoload.php';

require __DIR__.'/../tools/stubs/constants.php';

require __DIR__.'/../tools/stubs/prestashop.php';

require __DIR__.'/../erpsync/src/autoload.php';
