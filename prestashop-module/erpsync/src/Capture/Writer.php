<?php

declare(strict_types=1);

namespace Erpsync\Capture;

if (!defined('_PS_VERSION_')) {
    exit;
}

use PrestaShop\PrestaShop\Adapter\SymfonyContainer;

/**
 * Who is writing, as far as PrestaShop knows it.
 */
final class Writer
{
    /** What our own commands write; the sidecar knows them by it. */
    public const OWN = 'erpsync';

    private const OWN_CONTROLLER = 'ErpsyncCommandModuleFrontController';

    private const LENGTH_MAX = 64;

    /**
     * PrestaShop's name of a page of the back office (AdminOrders, AdminProducts, AdminImport), `webservice/<resource>`,
     * `cli`, `erpsync` for our own commands, else the controller's class or the script.
     */
    public static function name(): string
    {
        // The newer pages all have the same controller in the context; the route says which page it is.
        $name = self::page();
        if ($name === '') {
            $controller = \Context::getContext()->controller;
            $name = is_object($controller) ? self::ofController(get_class($controller)) : '';
        }
        if ($name === '') {
            $name = self::ofScript();
        }

        return substr($name, 0, self::LENGTH_MAX);
    }

    /**
     * 0 where nobody is logged in; our commands lend themselves an employee, who has nothing to do with it.
     */
    public static function employeeId(): int
    {
        $context = \Context::getContext();
        if (is_object($context->controller) && get_class($context->controller) === self::OWN_CONTROLLER) {
            return 0;
        }

        return is_object($context->employee) ? (int) $context->employee->id : 0;
    }

    private static function page(): string
    {
        try {
            $container = class_exists(SymfonyContainer::class) ? SymfonyContainer::getInstance() : null;
            $request = $container === null ? null : $container->get('request_stack')->getCurrentRequest();
            $page = $request === null ? null : $request->attributes->get('_legacy_controller');
        } catch (\Throwable $error) {
            // A container that is not ready yet, or another major version's: the context knows something too.
            return '';
        }

        return is_string($page) ? $page : '';
    }

    private static function ofController(string $class): string
    {
        if ($class === self::OWN_CONTROLLER) {
            return self::OWN;
        }

        $page = (string) preg_replace('/Controller(Core)?$/D', '', $class);
        if ($page === 'Admin') {
            // A stand-in, made where PrestaShop's newer services run without a page.
            return '';
        }

        return strncmp($page, 'Admin', 5) === 0 ? $page : $class;
    }

    private static function ofScript(): string
    {
        $path = $_SERVER['SCRIPT_NAME'] ?? '';
        $script = basename(is_string($path) ? $path : '', '.php');
        if ($script === 'dispatcher') {
            $resource = \WebserviceRequest::getInstance()->urlSegment[0] ?? '';

            return 'webservice/'.$resource;
        }

        return PHP_SAPI === 'cli' ? 'cli' : $script;
    }
}
