<?php

declare(strict_types=1);

namespace Erpsync;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * The module's settings in the shop's configuration table, with the rules for their values.
 */
final class Settings
{
    public const SECRET = 'ERPSYNC_SECRET';
    public const SHOP_KEY = 'ERPSYNC_SHOP_KEY';
    public const CAPTURE_ORDERS = 'ERPSYNC_CAPTURE_ORDERS';
    public const CAPTURE_STOCK = 'ERPSYNC_CAPTURE_STOCK';
    public const CAPTURE_PRODUCTS = 'ERPSYNC_CAPTURE_PRODUCTS';
    public const LOCK_CHECKOUT = 'ERPSYNC_LOCK_CHECKOUT';

    /** Each switch with what it does, as the settings page says it. */
    public const SWITCHES = [
        self::CAPTURE_ORDERS => 'Record orders and customers',
        self::CAPTURE_STOCK => 'Record stock movements',
        self::CAPTURE_PRODUCTS => 'Record product changes',
        self::LOCK_CHECKOUT => 'Let checkouts of the same product take their stock one after the other',
    ];

    public const SECRET_CHARS_MIN = 32;
    public const SECRET_CHARS_MAX = 255;

    public static function secret(): string
    {
        return self::text(self::SECRET);
    }

    public static function shopKey(): string
    {
        return self::text(self::SHOP_KEY);
    }

    public static function isOn(string $switch): bool
    {
        return self::text($switch) === '1';
    }

    /**
     * Fills in what is not set yet. What is set stays: an uninstall keeps the settings, and the sidecar holds the
     * same secret.
     */
    public static function setDefaults(): void
    {
        if (!self::isSecret(self::secret())) {
            \Configuration::updateGlobalValue(self::SECRET, self::newSecret());
        }
        if (!self::isShopKey(self::shopKey())) {
            \Configuration::updateGlobalValue(self::SHOP_KEY, 'main');
        }
        foreach (array_keys(self::SWITCHES) as $switch) {
            if (!in_array(self::text($switch), ['0', '1'], true)) {
                \Configuration::updateGlobalValue($switch, '1');
            }
        }
    }

    /**
     * 64 hex digits, 256 bits from the system's random source.
     */
    public static function newSecret(): string
    {
        return bin2hex(random_bytes(32));
    }

    /**
     * Printable ASCII without blanks, because the same text is typed into a configuration file.
     */
    public static function isSecret(string $value): bool
    {
        return strlen($value) <= self::SECRET_CHARS_MAX
            && preg_match('/^[\x21-\x7e]{'.self::SECRET_CHARS_MIN.',}$/D', $value) === 1;
    }

    /**
     * It becomes a part of the order's key in the ERP (PS-<shop key>-<id>), where characters are few.
     */
    public static function isShopKey(string $value): bool
    {
        return preg_match('/^[a-z0-9]{1,16}$/D', $value) === 1;
    }

    private static function text(string $key): string
    {
        $value = \Configuration::getGlobalValue($key);

        return is_scalar($value) ? (string) $value : '';
    }
}
