<?php

declare(strict_types=1);

use PrestaShop\PrestaShop\Core\Domain\Order\Command\CancelOrderProductCommand;
use PrestaShop\PrestaShop\Core\Domain\Order\Command\IssuePartialRefundCommand;
use PrestaShop\PrestaShop\Core\Domain\Order\Command\IssueReturnProductCommand;
use PrestaShop\PrestaShop\Core\Domain\Order\Command\IssueStandardRefundCommand;
use PrestaShop\PrestaShop\Core\Domain\Order\Command\UpdateOrderStatusCommand;
use PrestaShop\PrestaShop\Core\Domain\Order\Product\Command\AddProductToOrderCommand;
use PrestaShop\PrestaShop\Core\Domain\Order\Product\Command\DeleteProductFromOrderCommand;
use PrestaShop\PrestaShop\Core\Domain\Order\Product\Command\UpdateProductInOrderCommand;
use PrestaShop\PrestaShop\Core\Domain\Order\VoucherRefundType;
use Symfony\Component\HttpFoundation\Request;

/*
 * Makes this PHP process the back office of the shop, with employee 1 at the desk, and holds what he does to orders
 * through the shop's own command bus. Included at the top of a script, before anything of the shop.
 */
$root = require __DIR__.'/shop-root.php';
$_SERVER['REQUEST_URI'] = '/admin/index.php';
// PrestaShop renames the folder of its back office at the first visit; it is the one with this file in it.
define('_PS_ADMIN_DIR_', dirname(glob($root.'/*/get-file-admin.php')[0] ?? $root.'/admin/x'));

require $root.'/config/config.inc.php';

require_once $root.'/app/AppKernel.php';

require_once __DIR__.'/catalogue.php';

global $kernel;
$kernel = new AppKernel('prod', false);
$kernel->boot();
$context = openShop();
$context->employee = new Employee(1);

/** Numbers of order states in a new PrestaShop. */
const STATES = ['cancel' => 6, 'error' => 8, 'paid' => 2, 'shipped' => 4, 'delivered' => 5, 'wire' => 10, 'refunded' => 7];

/** Which page the action stands for, as PrestaShop's router would have said it. */
function page(string $legacyController): void
{
    global $kernel;
    $request = Request::create('/admin/index.php');
    $request->attributes->set('_legacy_controller', $legacyController);
    $kernel->getContainer()->get('request_stack')->push($request);
}

function bus(object $command): void
{
    global $kernel;
    $kernel->getContainer()->get('prestashop.core.command_bus')->handle($command);
}

/** A state's number, or its name in STATES. */
function setState(int $order, string $state): void
{
    bus(new UpdateOrderStatusCommand($order, STATES[$state] ?? (int) $state));
}

/** Gives a line another quantity, and another price where both are given. */
function editLine(int $order, int $line, int $quantity, ?string $taxIncl = null, ?string $taxExcl = null): void
{
    $detail = new OrderDetail($line);
    bus(new UpdateProductInOrderCommand(
        $order,
        $line,
        $taxIncl ?? (string) $detail->unit_price_tax_incl,
        $taxExcl ?? (string) $detail->unit_price_tax_excl,
        $quantity,
        (int) $detail->id_order_invoice > 0 ? (int) $detail->id_order_invoice : null
    ));
}

function deleteLine(int $order, int $line): void
{
    bus(new DeleteProductFromOrderCommand($order, $line));
}

/** Adds a line at its price with tax and without; an order that has an invoice gets another one for it. */
function addLine(int $order, int $product, int $combination, int $quantity, string $taxIncl, string $taxExcl): void
{
    bus(AddProductToOrderCommand::withNewInvoice($order, $product, $combination, $taxIncl, $taxExcl, $quantity));
}

/** Of an order that is not paid. */
function cancelLine(int $order, int $line, int $quantity): void
{
    bus(new CancelOrderProductCommand([$line => $quantity], $order));
}

/**
 * So many pieces of each line, at the price that the line has.
 *
 * @param array<int, int> $pieces by line
 *
 * @return array<int, array{quantity: int, amount: string}>
 */
function refundsOf(array $pieces): array
{
    $refunds = [];
    foreach ($pieces as $line => $quantity) {
        $detail = new OrderDetail($line);
        $amount = (string) round($quantity * (float) $detail->unit_price_tax_incl, 2);
        $refunds[$line] = ['quantity' => $quantity, 'amount' => $amount];
    }

    return $refunds;
}

/** @param array<int, array{quantity: int, amount: string}> $refunds by line */
function refundPartly(int $order, array $refunds, bool $restock, string $shipping = '0'): void
{
    $prices = VoucherRefundType::PRODUCT_PRICES_EXCLUDING_VOUCHER_REFUND;
    bus(new IssuePartialRefundCommand($order, $refunds, $shipping, $restock, true, false, $prices));
}

/** @param array<int, array{quantity: int, amount: string}> $refunds by line, of an order that is not delivered yet */
function refundStandard(int $order, array $refunds, bool $withShipping = false): void
{
    Configuration::set('PS_ORDER_RETURN', 1);
    $prices = VoucherRefundType::PRODUCT_PRICES_EXCLUDING_VOUCHER_REFUND;
    bus(new IssueStandardRefundCommand($order, $refunds, $withShipping, true, false, $prices));
}

/** @param array<int, array{quantity: int, amount: string}> $refunds by line, of an order that is delivered */
function takeBack(int $order, array $refunds, bool $restock): void
{
    Configuration::set('PS_ORDER_RETURN', 1);
    $prices = VoucherRefundType::PRODUCT_PRICES_EXCLUDING_VOUCHER_REFUND;
    bus(new IssueReturnProductCommand($order, $refunds, $restock, false, true, false, $prices));
}
