# Sourced by the other scripts: makes .venv where there is none, and installs the project into it.
#   use_environment [EXTRAS]      for example: use_environment test,postgres,s3
# All but torch comes from requirements.lock, each file with its hash, and torch by constraints.txt; nothing else is asked
# of any index. The lock is for one Python and one kind of machine, and has all extras. Elsewhere constraints.txt alone
# decides, without hashes, which is told; in CI that is an error. CONSTRAINTS=FILE takes other versions by your own
# choice, such as a torch of your own, without hashes too.

use_environment() {
  local extras="${1:-}" constraints="${CONSTRAINTS:-}" here locked stamp
  cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
  [ -x .venv/bin/python ] || _make_environment
  if [ -z "$constraints" ]; then
    here="$(.venv/bin/python -c 'import platform as p; print(p.python_implementation(), ".".join(p.python_version_tuple()[:2]), "on", p.system(), p.machine())')"
    locked="$(sed -n '1s/^# Made by scripts\/lock for \(.*\); .*/\1/p' requirements.lock)"
    [ "$here" = "$locked" ] || constraints=constraints.txt
  fi
  # Installed once for each state of what says what.
  stamp=".venv/.installed-$(echo "$constraints" "${constraints:+$extras}" | cat - pyproject.toml requirements.lock "${constraints:-constraints.txt}" | cksum | cut -d' ' -f1)"
  if [ ! -e "$stamp" ]; then
    if [ -n "$constraints" ]; then
      _install_by_constraints
    else
      _install_from_lock
    fi
    touch "$stamp"
  fi
  export PATH="$PWD/.venv/bin:$PATH"
}

_make_environment() {
  local python
  for python in python3.11 python3.12 python3.13 python3; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi
    python=""
  done
  if [ -z "$python" ]; then
    echo "Python 3.11 or newer with venv is needed (on Debian: apt-get install python3 python3-venv)." >&2
    exit 1
  fi
  echo "Making .venv with $("$python" --version)" >&2
  "$python" -m venv .venv || exit 1
}

_pip() {
  .venv/bin/python -m pip --disable-pip-version-check --quiet "$@"
}

_install_from_lock() {
  echo "Installing hpo from requirements.lock into .venv (a few minutes, once)" >&2
  # --no-deps: the lock has all. torch has several builds of one version, and brings what its build needs.
  if ! {
    _pip install --require-hashes --no-deps --only-binary :all: --requirement requirements.lock &&
      _pip install --constraint constraints.txt torch &&
      _pip install --no-deps --no-build-isolation --editable .
  }; then
    echo "What requirements.lock names could not be installed; pip's own words stand above." >&2
    echo "Where your index has other files: CONSTRAINTS=constraints.txt $0 installs without hashes." >&2
    exit 1
  fi
}

_install_by_constraints() {
  if [ -z "${CONSTRAINTS:-}" ]; then
    if [ -n "${CI:-}" ]; then
      echo "requirements.lock is for $locked, this is $here, and in CI nothing is installed without its hash: scripts/lock makes one for it." >&2
      exit 1
    fi
    echo "requirements.lock is for $locked, this is $here: versions are those of constraints.txt, without hashes." >&2
  fi
  echo "Installing hpo${extras:+[$extras]} into .venv (a few minutes, once)" >&2
  _pip install --constraint "$constraints" --editable ".${extras:+[$extras]}" || exit 1
}
