<?php

declare(strict_types=1);

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Settings;

/**
 * Every writer of a stock row is declared from this version on, and carts lock their products: new hooks and a setting.
 */
function upgrade_module_0_2_0(Erpsync $module): bool
{
    Settings::setDefaults();

    return $module->registerHook(Erpsync::hooks());
}
