# bash completion for ilkimza-portal-lint(1).

_ilkimza_portal_lint() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  case $previous in
    --output) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$word") && return ;;
    --charset) mapfile -t COMPREPLY < <(compgen -W 'utf-8 windows-1254 iso-8859-9' -- "$word") && return ;;
    --profile) mapfile -t COMPREPLY < <(compgen -W 'kamusm ornek' -f -- "$word") && return ;;
    --entrance) return ;;
  esac
  if [[ $word == -* && $previous != --ca-file && $previous != --baseline ]]; then
    mapfile -t COMPREPLY < <(compgen -W '--profile --entrance --ca-file --charset --baseline
      --output --by-name --all-screens --version --help' -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}
complete -o filenames -F _ilkimza_portal_lint ilkimza-portal-lint
