<?php

declare(strict_types=1);

/*
 * Returns the folder of the shop that PRESTASHOP_ROOT names, and sets what the shop's bootstrap reads as a web server
 * would have set it. Included before config/config.inc.php by each script that works inside of a real shop.
 */
$shopRoot = rtrim((string) getenv('PRESTASHOP_ROOT'), '/');
if (!is_file($shopRoot.'/config/config.inc.php')) {
    fwrite(STDERR, "PRESTASHOP_ROOT names no shop: {$shopRoot}\n");

    exit(2);
}
$_SERVER['REQUEST_METHOD'] = 'GET';
$_SERVER['HTTP_HOST'] = 'localhost';
$_SERVER['SERVER_NAME'] = 'localhost';
$_SERVER['REQUEST_URI'] = '/';
$_SERVER['REMOTE_ADDR'] = '127.0.0.1';

return $shopRoot;
