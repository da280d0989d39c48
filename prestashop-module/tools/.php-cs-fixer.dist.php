<?php

declare(strict_types=1);

return (new PhpCsFixer\Config())
    ->setRiskyAllowed(true)
    ->setRules([
        '@PSR12' => true,
        '@PhpCsFixer' => true,
        'declare_strict_types' => true,
        'yoda_style' => ['equal' => false, 'identical' => false, 'less_and_greater' => false],
        // The module loads from PHP 7.2.5 on, where a call takes no trailing comma.
        'trailing_comma_in_multiline' => ['elements' => ['arrays']],
        // Short doc comments of properties stay on their line.
        'phpdoc_line_span' => false,
    ])
    ->setFinder(
        PhpCsFixer\Finder::create()->in([__DIR__.'/../erpsync', __DIR__.'/../tests', __DIR__.'/../../test/shop'])
    )
;
