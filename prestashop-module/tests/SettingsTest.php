<?php

declare(strict_types=1);

namespace Erpsync\Tests;

use Erpsync\Admin\SettingsPage;
use Erpsync\Installer;
use Erpsync\Settings;
use PHPUnit\Framework\TestCase;

/**
 * @internal
 *
 * @coversNothing
 */
final class SettingsTest extends TestCase
{
    public function testInstallingFillsInWhatIsMissingAndKeepsWhatIsSet(): void
    {
        $secret = str_repeat('s', 40);
        \Configuration::$values = [Settings::SECRET => $secret, Settings::CAPTURE_STOCK => '0'];
        Settings::setDefaults();

        self::assertSame($secret, Settings::secret());
        self::assertSame('main', Settings::shopKey());
        self::assertFalse(Settings::isOn(Settings::CAPTURE_STOCK));
        self::assertTrue(Settings::isOn(Settings::CAPTURE_ORDERS));
    }

    public function testAFreshSecretHas64HexDigits(): void
    {
        \Configuration::$values = [];
        Settings::setDefaults();

        self::assertMatchesRegularExpression('/^[0-9a-f]{64}$/', Settings::secret());
    }

    public function testAllFaultsOfTheFormAreNamedAtOnce(): void
    {
        $faulty = [Settings::SECRET => 'short', Settings::SHOP_KEY => 'My Shop'];
        foreach (array_keys(Settings::SWITCHES) as $switch) {
            $faulty[$switch] = '2';
        }

        self::assertCount(6, SettingsPage::errors($faulty));
    }

    public function testAnEmptySecretKeepsTheOldOneAndIsNoFault(): void
    {
        $values = [Settings::SECRET => '', Settings::SHOP_KEY => 'shop1'];
        foreach (array_keys(Settings::SWITCHES) as $switch) {
            $values[$switch] = '1';
        }

        self::assertSame([], SettingsPage::errors($values));
    }

    public function testTheInstallScriptIsFiveTablesThatCanBeMadeTwice(): void
    {
        $sql = (string) file_get_contents(__DIR__.'/../erpsync/sql/install.sql');
        $statements = Installer::statements($sql, 'abc_');

        self::assertCount(5, $statements);
        foreach ($statements as $statement) {
            self::assertStringStartsWith('CREATE TABLE IF NOT EXISTS `abc_erpsync_', $statement);
        }
    }
}
