# Sourced by the other scripts: makes .venv where there is none, and installs into it what is asked for.
#   use_environment [EXTRAS]      for example: use_environment test,postgres,s3
# The versions are those of constraints.txt; CONSTRAINTS=FILE takes others, such as a torch of your own.

use_environment() {
  local extras="${1:-}" constraints="${CONSTRAINTS:-constraints.txt}" python stamp
  cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
  if [ ! -x .venv/bin/python ]; then
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
  fi
  # Installed once for each set of extras and each state of the two files that say what.
  stamp=".venv/.installed-$(echo "$extras" | cat - pyproject.toml "$constraints" | cksum | cut -d' ' -f1)"
  if [ ! -e "$stamp" ]; then
    echo "Installing hpo${extras:+[$extras]} into .venv (a few minutes, once)" >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint "$constraints" --editable ".${extras:+[$extras]}" || exit 1
    touch "$stamp"
  fi
  export PATH="$PWD/.venv/bin:$PATH"
}
