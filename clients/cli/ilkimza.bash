# bash completion for ilkimza(1).

_ilkimza() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command= group= i
  case $previous in
    --output) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$word") && return ;;
    --lang) mapfile -t COMPREPLY < <(compgen -W 'tr en' -- "$word") && return ;;
    --goal) mapfile -t COMPREPLY < <(compgen -W 'get-pin reset-word list-certificates activate update-info unblock revoke' -- "$word") && return ;;
    --portal-host) mapfile -t COMPREPLY < <(compgen -W 'agent server' -- "$word") && return ;;
    --way) mapfile -t COMPREPLY < <(compgen -W 'driven guided' -- "$word") && return ;;
    --form) mapfile -t COMPREPLY < <(compgen -W 'pem der' -- "$word") && return ;;
    --socket | --out | --report) mapfile -t COMPREPLY < <(compgen -f -- "$word") && return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --socket | --output | --lang | --goal | --portal-host | --way | --limit | --certificate | --form | --out | --report) ((i++)) ;;
      -*) ;;
      *) if [[ $group ]]; then command=${command:-${COMP_WORDS[i]}}; else group=${COMP_WORDS[i]}; fi ;;
    esac
  done
  local words
  case $group/$command in
    /) words='start journey card doctor --socket --output --lang --version --help' ;;
    start/*) words='--events --goal --forgotten --remembered --guided --no-browser --portal-host --help' ;;
    journey/) words='list show watch cancel retry --help' ;;
    journey/list) words='--active --limit --help' ;;
    journey/show) words='--timeline --help' ;;
    journey/cancel) words='--yes --help' ;;
    journey/retry) words='--way --help' ;;
    card/) words='list show certs pin-state verify-pin change-pin unblock test-sign export-cert watch --help' ;;
    card/verify-pin | card/change-pin) words='--allow-last-try --on-reader --help' ;;
    card/unblock) words='--use-a-puk-try --on-reader --help' ;;
    card/test-sign) words='--allow-last-try --help' ;;
    card/export-cert) words='--certificate --signing --form --out --force --help' ;;
    doctor/*) words='--report --force --help' ;;
    *) words='--help' ;;
  esac
  # Understood behind a command as well as before it.
  [[ $group ]] && words+=' --socket --output --lang'
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _ilkimza ilkimza
