<?php

declare(strict_types=1);

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Installer;
use Erpsync\QueryFailed;

/**
 * Parcels and the ERP's invoice numbers come back to the shop from this version on: a table remembers the parcels.
 */
function upgrade_module_0_3_0(Erpsync $module): bool
{
    try {
        (new Installer($module->database()))->createTables(__DIR__.'/../sql/install.sql');
    } catch (QueryFailed $failure) {
        return false;
    }

    return true;
}
