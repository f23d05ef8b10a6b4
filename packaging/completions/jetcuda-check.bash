# Completion of jetcuda-check for bash. tests/packaging/ holds its words to those of the program.

_jetcuda_check() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    local verbs="status run facts list explain which-libcuda inspect gate diff bundle"
    local options="--root --system --soc --driver --no-probe --data --config --json --help --version"
    COMPREPLY=()

    case $previous in
        --root|--system|--data|--config)
            mapfile -t COMPREPLY < <(compgen -d -- "$current")
            compopt -o filenames 2>/dev/null
            return ;;
        --driver|--for)
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            compopt -o filenames 2>/dev/null
            return ;;
        --soc)
            mapfile -t COMPREPLY < <(compgen -W "T194 T234 T264" -- "$current")
            return ;;
        --sm)
            mapfile -t COMPREPLY < <(compgen -W "72 87 110" -- "$current")
            return ;;
        --repeat|--driver-cuda|--l4t) return ;;
    esac

    # The first word that is neither an option nor the value of one is the verb; the next one is its first argument.
    local verb="" argument="" i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --root|--system|--soc|--driver|--data|--config|--for|--repeat|--sm|--driver-cuda|--l4t) ((i++)) ;;
            -*) ;;
            *)
                if [[ -n $verb ]]; then argument=${COMP_WORDS[i]}; break; fi
                verb=${COMP_WORDS[i]} ;;
        esac
    done

    case $verb in
        status) options+=" --all" ;;
        run) options+=" --all --repeat --all-compat" ;;
        list) options+=" --markdown" ;;
        which-libcuda) options+=" --for" ;;
        inspect) options+=" --sm --driver-cuda --l4t" ;;
        bundle) options+=" --force" ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    elif [[ -z $verb ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$current")
    elif [[ $verb == explain && -n $argument ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$1" explain "$argument" 2>/dev/null |
            sed -n 's/^  \([a-z][a-z0-9-]*\) (.*/\1/p')" -- "$current")
    elif [[ $verb == diff || $verb == bundle || $verb == inspect ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames 2>/dev/null
    elif [[ $verb == run || $verb == explain ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$1" list 2>/dev/null | cut -d ' ' -f 1)" -- "$current")
    fi
}

complete -F _jetcuda_check jetcuda-check
