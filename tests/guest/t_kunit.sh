#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The KUnit suites of tests/kunit: all of their cases, and no other.  They are a module
# with the product's sources in it; the product itself may be there meanwhile.
# kernels: debug
# timeout: 150
# modules: ../kunit
# made: ../kunit/list
# files: ../kunit/ktap.sh
. "$(dirname "$0")/lib.sh"

load_module
at_least "$(wc -l <kunit.cases)" 80 "cases that the sources have"
take_tap bash ./ktap.sh kunit.cases
is "$(compgen -G '/sys/kernel/debug/kunit/tqueue_*')" "" "nothing of them remains"
finish
