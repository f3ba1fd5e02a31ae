#!/bin/sh
# Makes .venv from requirements.lock, unless the one that stands there is whole and up to date.
#
# Every `make` target calls it first. The last thing that it writes is the stamp: what .venv was made from, and
# where. No stamp (an interrupted install), another stamp (a new lock, a clone that was moved) or a Python that
# no longer runs: .venv is made anew. The only programs needed are python3 and what every Unix has.
set -eu
cd "$(dirname "$0")/.."

readonly STAMP=.venv/made-from
readonly OLDEST=3.11

main() {
    up_to_date && return
    lock
    up_to_date && return
    python=$(find_python)
    echo "Making .venv with $("$python" --version), from requirements.lock: once, and less than a minute." >&2
    make_environment
}

up_to_date() {
    [ -f "$STAMP" ] && [ "$(made_from)" = "$(cat "$STAMP")" ] && .venv/bin/python -c "import pexpect" 2>/dev/null
}

made_from() {
    pwd -P
    cksum requirements.lock pyproject.toml
}

# Two terminals may start at the same time: the second waits here until the first has finished.
lock() {
    if command -v flock >/dev/null; then
        exec 9<requirements.lock
        flock 9
    fi
}

find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if recent_enough "$candidate"; then
            "$candidate" -c "import venv, ensurepip" 2>/dev/null ||
                give_up "$candidate has no venv module." "$candidate-venv"
            echo "$candidate"
            return
        fi
    done
    if found=$(python3 --version 2>&1); then
        give_up "Python $OLDEST or later is needed, python3 is $found." "python$OLDEST-venv"
    fi
    give_up "Python $OLDEST or later is needed, and there is no python3." "python3-venv"
}

recent_enough() {
    "$1" -c "import sys; sys.exit(sys.version_info < (${OLDEST%.*}, ${OLDEST#*.}))" 2>/dev/null
}

# Reason, package: the one line that a person sees, and what to type.
give_up() {
    echo "$1 This installs it: sudo apt-get install $2" >&2
    exit 1
}

make_environment() {
    keep_only_where_packages_come_from
    rm -rf .venv
    "$python" -m venv .venv
    install --require-hashes --requirement requirements.lock
    install --no-deps --no-build-isolation --editable .
    forget_setuptools
    compile_what_tests_import
    made_from >"$STAMP.new"
    mv "$STAMP.new" "$STAMP"
}

# The caller's settings of pip that say where to install, or what, would break this; those that
# say where packages come from (a mirror, a proxy, a certificate) are needed, and stay.
keep_only_where_packages_come_from() {
    unset PIP_TARGET PIP_PREFIX PIP_ROOT PIP_PYTHON PIP_REQUIREMENT PIP_EDITABLE PIP_CONSTRAINT \
        PIP_BUILD_CONSTRAINT PIP_NO_DEPS PIP_NO_BINARY PIP_ONLY_BINARY PIP_DRY_RUN PIP_IGNORE_INSTALLED PIP_REPORT \
        PIP_VERBOSE
    export PIP_USER=0 PIP_REQUIRE_HASHES=0
}

# Twice quiet: errors only. --no-compile: Python compiles what is used when it is used, which is a small part.
install() {
    .venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check --no-input --no-compile "$@"
}

# It has done its work. This file of it lets each start of Python load a part of it, a tenth of a short start, and
# the suite starts programs by the thousand.
forget_setuptools() {
    rm -f .venv/lib/python*/site-packages/distutils-precedence.pth
}

# What `messagerie check` imports in its sandboxes cannot be compiled there: nothing here can be written from them.
# And the processes of the suite begin at the same time, so that each would compile all of it. Compiled now, whatever
# the caller's settings are, it is a second less of each. (Nothing depends on it.) The worker of `messagerie check`,
# which is a plugin, is compiled with them; here it finds nothing to do.
compile_what_tests_import() {
    env -u PYTHONDONTWRITEBYTECODE .venv/bin/python -m pytest --collect-only --quiet -p no:cacheprovider \
        -p grader.worker --commands 0 --results 1 </dev/null >/dev/null 2>&1 || :
}

main
