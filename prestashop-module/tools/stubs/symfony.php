<?php

declare(strict_types=1);

namespace PrestaShop\PrestaShop\Adapter;

/*
 * What the module asks of Symfony, by names that PrestaShop 1.7.8 to 9 have in common; types only, never loaded.
 */

class SymfonyContainer { public static function getInstance(): ?ContainerStub { return null; } }
class ContainerStub { public function get(string $id): RequestStackStub { return new RequestStackStub(); } }
class RequestStackStub { public function getCurrentRequest(): ?RequestStub { return null; } }
class RequestStub { /** @var AttributesStub */ public $attributes; }
class AttributesStub { /** @return mixed */ public function get(string $key) { return null; } }
