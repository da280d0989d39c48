<?php

declare(strict_types=1);

// A folder without an index would be listed by some web servers.
header('Location: ../');

exit;
