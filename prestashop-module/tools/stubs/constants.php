<?php

declare(strict_types=1);

// What a running shop defines before it loads a module; the unit tests use them too.
define('_PS_VERSION_', getenv('ERPSYNC_STUB_VERSION') !== false ? getenv('ERPSYNC_STUB_VERSION') : '8.2.1');
define('_PS_ROOT_DIR_', sys_get_temp_dir());
define('_DB_PREFIX_', 'ps_');
define('_DB_NAME_', 'shop');
