<?php

declare(strict_types=1);

namespace Erpsync\Admin;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Capture\LossLog;
use Erpsync\Database;
use Erpsync\QueryFailed;
use Erpsync\Settings;

/**
 * The module's page in the back office: secret, shop key, switches, and how the outbox is doing. The token of the
 * modules page, which HelperForm puts into the form and the back office checks, keeps foreign sites out.
 */
final class SettingsPage
{
    private const SUBMIT = 'submitErpsync';

    /** @var \Module */
    private $module;

    /** @var Database */
    private $database;

    public function __construct(\Module $module, Database $database)
    {
        $this->module = $module;
        $this->database = $database;
    }

    public function render(): string
    {
        $html = '';
        if (\Tools::isSubmit(self::SUBMIT)) {
            $values = self::submitted();
            $errors = self::errors($values);
            if ($errors === []) {
                self::save($values);
                $html = $this->module->displayConfirmation('The settings are saved.'.self::shownOnce($values));
            } else {
                $html = $this->module->displayError($errors);
            }
        }

        return $html.$this->status().$this->form();
    }

    /**
     * Every fault at once, in a sentence that says what is wanted.
     *
     * @param array<string, string> $values
     *
     * @return list<string>
     */
    public static function errors(array $values): array
    {
        $errors = [];
        if ($values[Settings::SECRET] !== '' && !Settings::isSecret($values[Settings::SECRET])) {
            $errors[] = 'The shared secret needs '.Settings::SECRET_CHARS_MIN.' to '.Settings::SECRET_CHARS_MAX
                .' characters: letters, digits and signs, no blanks.';
        }
        if (!Settings::isShopKey($values[Settings::SHOP_KEY])) {
            $errors[] = 'The shop key needs 1 to 16 characters: small letters a to z and digits.';
        }
        foreach (Settings::SWITCHES as $switch => $label) {
            if (!in_array($values[$switch], ['0', '1'], true)) {
                $errors[] = '“'.$label.'” is either on or off.';
            }
        }

        return $errors;
    }

    /**
     * @return array<string, string>
     */
    private static function submitted(): array
    {
        $values = [];
        foreach (array_merge([Settings::SECRET, Settings::SHOP_KEY], array_keys(Settings::SWITCHES)) as $key) {
            $value = \Tools::getValue($key);
            $values[$key] = is_string($value) ? trim($value) : '';
        }
        if (\Tools::getValue('ERPSYNC_NEW_SECRET') === '1') {
            $values[Settings::SECRET] = Settings::newSecret();
        }

        return $values;
    }

    /**
     * A generated secret has to reach the sidecar's configuration, so it is shown, this one time.
     *
     * @param array<string, string> $values
     */
    private static function shownOnce(array $values): string
    {
        return \Tools::getValue('ERPSYNC_NEW_SECRET') === '1'
            ? ' The new secret, shown only now: '.htmlspecialchars($values[Settings::SECRET], ENT_QUOTES)
            : '';
    }

    /**
     * An empty secret field means that the secret stays.
     *
     * @param array<string, string> $values
     */
    private static function save(array $values): void
    {
        foreach ($values as $key => $value) {
            if ($key !== Settings::SECRET || $value !== '') {
                \Configuration::updateGlobalValue($key, $value);
            }
        }
    }

    private function form(): string
    {
        $fields = [
            [
                'type' => 'text',
                'label' => 'New shared secret',
                'name' => Settings::SECRET,
                'desc' => 'The same secret stands in the sidecar’s configuration. Now: '.self::masked()
                    .'. Left empty, it stays.',
            ],
            self::switchField('ERPSYNC_NEW_SECRET', 'Generate a new secret'),
            [
                'type' => 'text',
                'label' => 'Shop key',
                'name' => Settings::SHOP_KEY,
                'required' => true,
                'desc' => 'Part of every order’s key in the ERP: PS-KEY-ORDER. Do not change it once orders are there.',
            ],
        ];
        $values = [Settings::SECRET => '', 'ERPSYNC_NEW_SECRET' => '0', Settings::SHOP_KEY => Settings::shopKey()];
        foreach (Settings::SWITCHES as $switch => $label) {
            $fields[] = self::switchField($switch, $label);
            $values[$switch] = Settings::isOn($switch) ? '1' : '0';
        }

        $helper = new \HelperForm();
        $helper->module = $this->module;
        $helper->identifier = 'id_module';
        $helper->submit_action = self::SUBMIT;
        $helper->currentIndex = \AdminController::$currentIndex.'&configure='.$this->module->name;
        $helper->token = \Tools::getAdminTokenLite('AdminModules');
        $helper->fields_value = $values;

        return $helper->generateForm([['form' => [
            'legend' => ['title' => 'Settings', 'icon' => 'icon-cogs'],
            'input' => $fields,
            'submit' => ['title' => 'Save'],
        ]]]);
    }

    /**
     * @return array<string, mixed>
     */
    private static function switchField(string $name, string $label): array
    {
        return ['type' => 'switch', 'label' => $label, 'name' => $name, 'is_bool' => true, 'values' => [
            ['id' => $name.'_on', 'value' => 1, 'label' => 'Yes'],
            ['id' => $name.'_off', 'value' => 0, 'label' => 'No'],
        ]];
    }

    /**
     * Enough to compare two secrets by eye, too little to use: the whole secret is shown only by whoever set it.
     */
    private static function masked(): string
    {
        $secret = Settings::secret();

        return $secret === '' ? 'none' : substr($secret, 0, 4).'…'.substr($secret, -4);
    }

    private function status(): string
    {
        $text = 'Events waiting for the sidecar: '.$this->depth().'. Events that could not be written: '
            .self::counted(LossLog::ofShop(_PS_ROOT_DIR_)).'. Checkouts that went on without the locks of all their products: '
            .self::counted(LossLog::ofUnlockedCheckouts(_PS_ROOT_DIR_)).'.';

        return $this->module->displayInformation(htmlspecialchars($text, ENT_QUOTES));
    }

    private static function counted(LossLog $log): string
    {
        $summary = $log->summary();
        $causes = [];
        foreach ($summary['byCause'] as $cause => $times) {
            $causes[] = $cause.': '.$times;
        }

        return $summary['count'].($causes === [] ? '' : ' ('.implode(', ', $causes).'; last '.($summary['lastAt'] ?? '').')');
    }

    private function depth(): string
    {
        try {
            $rows = $this->database->rows('SELECT COUNT(*) AS n FROM '.$this->database->table('erpsync_outbox'));

            return (string) ($rows[0]['n'] ?? '?');
        } catch (QueryFailed $failure) {
            return 'unknown ('.$failure->cause().')';
        }
    }
}
