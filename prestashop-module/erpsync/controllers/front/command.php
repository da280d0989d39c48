<?php

declare(strict_types=1);

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Capture\LossLog;
use Erpsync\Command\Executor;
use Erpsync\Command\Gate;
use Erpsync\Command\Journal;
use Erpsync\Command\OrderContext;
use Erpsync\Command\Refusal;
use Erpsync\Command\Request;
use Erpsync\Command\ShopInvoices;
use Erpsync\Command\ShopOrders;
use Erpsync\Command\ShopParcels;
use Erpsync\Command\ShopStock;
use Erpsync\QueryFailed;
use Erpsync\Settings;

/**
 * Where the sidecar's signed commands arrive. It answers JSON and nothing else, in maintenance mode too.
 */
class ErpsyncCommandModuleFrontController extends ModuleFrontController
{
    /** @var bool */
    private $answered = false;

    /**
     * Takes the place of the whole page: FrontController::init would redirect to https, by country or by maintenance
     * mode, and would make a cart. Controller::init is all that the commands need: container and locale.
     */
    public function run(): void
    {
        ini_set('display_errors', '0');
        ob_start();
        register_shutdown_function([$this, 'answerIfInterrupted']);
        if (is_object($this->context->cookie)) {
            // The sidecar is no visitor: no session is stored and no cookie sent.
            $this->context->cookie->disallowWriting();
        }

        try {
            $request = Request::fromServer($_SERVER);
            $commands = (new Gate($this->erpsync()->database(), Settings::secret(), time()))->admit($request);
            Controller::init();
            $this->answer(200, ['results' => $this->executor()->execute($commands)]);
        } catch (Refusal $refusal) {
            $this->answer($refusal->status(), $refusal->body());
        } catch (QueryFailed $failure) {
            $this->answer(500, ['error' => 'database', 'detail' => $failure->cause()]);
        } catch (Throwable $error) {
            $this->answer(500, ['error' => 'internal', 'detail' => get_class($error)]);
        }
    }

    /**
     * PrestaShop ends a request with `die` in places, and a fatal error ends it anywhere: the sidecar must not take
     * what is left of the page for an answer. The command stays `started`.
     */
    public function answerIfInterrupted(): void
    {
        if (!$this->answered) {
            $this->answer(500, ['error' => 'interrupted']);
        }
    }

    private function executor(): Executor
    {
        $module = $this->erpsync();
        $database = $module->database();
        $context = new OrderContext($database, $this->context);

        return new Executor(
            new Journal($database),
            new ShopOrders($database, $context),
            new ShopParcels($database, $context),
            new ShopInvoices($database),
            new ShopStock($database, $this->context),
            static function () use ($module): array {
                $losses = LossLog::ofShop(_PS_ROOT_DIR_)->summary();
                $unlocked = LossLog::ofUnlockedCheckouts(_PS_ROOT_DIR_)->summary();

                return [
                    'module' => $module->version,
                    'prestashop' => _PS_VERSION_,
                    'php' => PHP_VERSION,
                    'shopKey' => Settings::shopKey(),
                    'hooksMissing' => $module->missingHooks(),
                    // No loss is an empty object to the reader, never a list.
                    'losses' => ['byCause' => (object) $losses['byCause']] + $losses,
                    'checkoutLock' => [
                        'on' => Settings::isOn(Settings::LOCK_CHECKOUT),
                        'missed' => ['byCause' => (object) $unlocked['byCause']] + $unlocked,
                    ],
                ];
            }
        );
    }

    private function erpsync(): Erpsync
    {
        if (!$this->module instanceof Erpsync) {
            throw new LogicException('The controller was opened without its module');
        }

        return $this->module;
    }

    /**
     * @param array<string, mixed> $body
     */
    private function answer(int $status, array $body): void
    {
        $this->answered = true;
        // Notices and whatever other modules printed are thrown away: the body is JSON only.
        while (ob_get_level() > 0) {
            ob_end_clean();
        }
        if (!headers_sent()) {
            http_response_code($status);
            header('Content-Type: application/json');
            header('Cache-Control: no-store');
            header_remove('Set-Cookie');
        }
        echo (string) json_encode($body, JSON_UNESCAPED_SLASHES | JSON_PARTIAL_OUTPUT_ON_ERROR);
    }
}
