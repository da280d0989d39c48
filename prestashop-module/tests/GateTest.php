<?php

declare(strict_types=1);

namespace Erpsync\Tests;

use Erpsync\Command\Gate;
use Erpsync\Command\Refusal;
use Erpsync\Command\Request;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/**
 * @internal
 *
 * @coversNothing
 */
final class GateTest extends TestCase
{
    private const SECRET = '0123456789abcdef0123456789abcdef';
    private const NOW = 1795000000;
    private const BODY = '{"commands":[{"id":"order:1#2","type":"order.set_status","order":1,"state":3}]}';

    public function testASignedRequestIsAdmittedAndItsNonceStored(): void
    {
        $database = new FakeDatabase();
        $commands = $this->admit(self::request(), $database);

        self::assertSame('order:1#2', $commands[0]['id']);
        self::assertSame(3, $commands[0]['arguments']['state'] ?? null);
        self::assertSame(['SELECT', 'INSERT'], $database->story());
    }

    public function testTheSignatureIsThatOfTheContract(): void
    {
        // Computed with `openssl dgst -sha256 -hmac` over the five lines.
        $request = new Request('POST', '/index.php?fc=module', '1795000000', str_repeat('a', 32), '', '{}');

        self::assertSame(
            'ad9943a39ffff3d633f5ffe498eb74e2196113be6bab8b6b415a6097d8ee5b88',
            Gate::signature($request, self::SECRET)
        );
    }

    #[DataProvider('refused')]
    public function testARequestIsRefusedWithoutATraceOfIt(Request $request, int $status, string $error): void
    {
        $database = new FakeDatabase();
        $this->assertRefused($request, $database, $status, $error);
        self::assertSame([], $database->statements);
    }

    /**
     * @return iterable<string, array{Request, int, string}>
     */
    public static function refused(): iterable
    {
        yield 'another method' => [self::request('GET'), 405, 'method_not_allowed'];

        yield 'a body over the limit' => [self::request('POST', str_repeat(' ', 262145)), 413, 'body_too_large'];

        yield 'a clock 301 s behind' => [self::request('POST', self::BODY, self::NOW - 301), 401, 'stale_timestamp'];

        yield 'a clock 301 s ahead' => [self::request('POST', self::BODY, self::NOW + 301), 401, 'stale_timestamp'];

        yield 'another secret' => [self::request('POST', self::BODY, self::NOW, str_repeat('x', 32)), 401, 'bad_signature'];

        $changed = self::request();
        $changed->body = str_replace('3}', '4}', $changed->body);

        yield 'a body changed after signing' => [$changed, 401, 'bad_signature'];

        $moved = self::request();
        $moved->path .= '&x=1';

        yield 'another address' => [$moved, 401, 'bad_signature'];

        $unsigned = self::request();
        $unsigned->signature = '';

        yield 'no signature' => [$unsigned, 401, 'bad_signature'];

        $upper = self::request();
        $upper->nonce = str_repeat('A', 32);

        yield 'a nonce in capitals' => [$upper, 401, 'bad_signature'];
    }

    #[DataProvider('malformed')]
    public function testAMalformedBodyIsRefusedWhole(string $body): void
    {
        $this->assertRefused(self::request('POST', $body), new FakeDatabase(), 400, 'malformed_body');
    }

    /**
     * @return iterable<string, array{string}>
     */
    public static function malformed(): iterable
    {
        yield 'no JSON' => ['commands'];

        yield 'no list' => ['{"commands":{"id":"a","type":"b"}}'];

        yield 'a command without id' => ['{"commands":[{"type":"shop.describe"}]}'];

        yield 'an id with a blank' => ['{"commands":[{"id":"a b","type":"shop.describe"}]}'];

        yield 'a command that is text' => ['{"commands":["shop.describe"]}'];

        yield 'more than a hundred' => ['{"commands":['.substr(str_repeat('{"id":"a","type":"b"},', 101), 0, -1).']}'];
    }

    public function testANonceSeenBeforeIsRefused(): void
    {
        $database = new FakeDatabase();
        $database->failures = ['INSERT INTO `ps_erpsync_nonce`' => 1062];
        $this->assertRefused(self::request(), $database, 401, 'replayed_nonce');
    }

    public function testOldNoncesAreForgottenByTheirKeys(): void
    {
        $database = new FakeDatabase();
        $database->answers = ['INTERVAL 10 MINUTE' => [['nonce' => 'aa'], ['nonce' => 'bb']]];
        $this->admit(self::request(), $database);

        self::assertSame("DELETE FROM `ps_erpsync_nonce` WHERE `nonce` IN ('aa', 'bb')", $database->statements[1]);
    }

    public function testWithoutASecretNothingIsAdmitted(): void
    {
        $request = self::request('POST', self::BODY, self::NOW, '');
        $this->expectExceptionObject(new Refusal(401, 'not_configured'));
        (new Gate(new FakeDatabase(), '', self::NOW))->admit($request);
    }

    private static function request(
        string $method = 'POST',
        string $body = self::BODY,
        int $timestamp = self::NOW,
        string $secret = self::SECRET
    ): Request {
        $path = '/index.php?fc=module&module=erpsync&controller=command';
        $request = new Request($method, $path, (string) $timestamp, str_repeat('0a', 16), '', $body);
        $request->signature = Gate::signature($request, $secret);

        return $request;
    }

    /**
     * @return list<array{id: string, type: string, arguments: array<mixed>}>
     */
    private function admit(Request $request, FakeDatabase $database): array
    {
        return (new Gate($database, self::SECRET, self::NOW))->admit($request);
    }

    private function assertRefused(Request $request, FakeDatabase $database, int $status, string $error): void
    {
        try {
            $this->admit($request, $database);
            self::fail('The request was admitted');
        } catch (Refusal $refusal) {
            self::assertSame([$status, $error], [$refusal->status(), $refusal->body()['error']]);
        }
    }
}
