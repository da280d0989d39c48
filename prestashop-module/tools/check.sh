#!/bin/sh
# Everything that holds the module to its rules: syntax, static analysis, style, unit tests.
set -eu
cd "$(dirname "$0")"
[ -d vendor ] || composer install --no-interaction --no-progress
find ../erpsync ../tests ../../test/shop -name '*.php' -print0 | xargs -0 -n1 php -l >/dev/null
vendor/bin/phpstan analyse -c phpstan.neon --no-progress --memory-limit=1G
vendor/bin/phpstan analyse -c phpstan-tests.neon --no-progress --memory-limit=1G
vendor/bin/php-cs-fixer check --config=.php-cs-fixer.dist.php --show-progress=none
vendor/bin/phpunit -c phpunit.xml
