# SPDX-License-Identifier: GPL-2.0-only
# Completion of tqctl for bash.  The words come from tqctl itself.

_tqctl() {
	local word=${COMP_WORDS[COMP_CWORD]} IFS=$'\n'
	COMPREPLY=()
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	-w | -b | --write | --batch)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	-n | --netns)
		mapfile -t COMPREPLY < <(cd /run/netns 2>/dev/null && compgen -f -- "$word")
		return
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" --complete \
		"${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "$word")
}
complete -F _tqctl tqctl
