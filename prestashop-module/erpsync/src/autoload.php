<?php

declare(strict_types=1);

if (!defined('_PS_VERSION_')) {
    exit;
}

// The module runs as it lies in the shop's modules folder: no composer, no generated class map.
spl_autoload_register(static function (string $class): void {
    if (strncmp($class, 'Erpsync\\', 8) !== 0) {
        return;
    }
    $file = __DIR__.'/'.str_replace('\\', '/', substr($class, 8)).'.php';
    if (is_file($file)) {
        require_once $file;
    }
});
