package main

import (
	"fmt"
	"strings"
)

// bashScript completes in bash, which cuts a word at each =.
func bashScript(name string, all []completed) string {
	function := "_" + strings.NewReplacer("-", "_", ".", "_").Replace(name)
	var commands, cases, values strings.Builder
	seen := map[string]bool{}
	for _, c := range all {
		fmt.Fprintf(&commands, " %s", c.name)
		for _, f := range c.flags {
			if seen[f.name] {
				continue
			}
			seen[f.name] = true
			switch {
			case len(f.values) > 0:
				fmt.Fprintf(&values, "    --%s) COMPREPLY=($(compgen -W '%s' -- \"$value\")) ;;\n", f.name, strings.Join(f.values, " "))
			case f.kind == "folder":
				fmt.Fprintf(&values, "    --%s) compopt -o filenames; COMPREPLY=($(compgen -d -- \"$value\")) ;;\n", f.name)
			case f.kind == "file":
				fmt.Fprintf(&values, "    --%s) compopt -o filenames; COMPREPLY=($(compgen -f -- \"$value\")) ;;\n", f.name)
			}
		}
		fmt.Fprintf(&cases, "    %s) words='%s' ;;\n", c.name, bashWords(c))
	}
	return fmt.Sprintf(`# bash completion for %[1]s, made by '%[1]s completion bash'
%[2]s() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} flag= value= words=
  if [[ $word == = ]]; then
    flag=$before
  elif [[ $before == = ]]; then
    flag=${COMP_WORDS[COMP_CWORD-2]} value=$word
  fi
  if [[ -n $flag ]]; then
    case $flag in
%[5]s    esac
    return
  fi
  case ${COMP_WORDS[1]} in
%[4]s    -*) words='%[6]s' ;;
  esac
  if ((COMP_CWORD == 1)) && [[ $word != -* ]]; then
    words='%[3]s'
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -F %[2]s %[1]s
`, name, function, strings.TrimSpace(commands.String()), cases.String(), values.String(), bashWords(all[0]))
}

// bashWords are the words and flags that may follow a command.
func bashWords(c completed) string {
	words := append([]string{}, c.words...)
	for _, f := range c.flags {
		if f.alone {
			words = append(words, "--"+f.name)
		} else {
			words = append(words, "--"+f.name+"=")
		}
	}
	return strings.Join(words, " ")
}

// zshScript completes in zsh.
func zshScript(name string, all []completed) string {
	var commands, cases strings.Builder
	for i, c := range all {
		fmt.Fprintf(&commands, "    %s\n", zshQuote(c.name+":"+c.help))
		pattern := c.name
		if i == 0 {
			pattern += "|-*" // meant where none is named
		}
		fmt.Fprintf(&cases, "    %s)\n      arguments=(\n", pattern)
		for _, f := range c.flags {
			help := strings.NewReplacer("[", "(", "]", ")").Replace(f.help)
			spec := "--" + f.name + "[" + help + "]"
			if !f.alone {
				action := " "
				switch {
				case len(f.values) > 0:
					action = "(" + strings.Join(f.values, " ") + ")"
				case f.kind == "folder":
					action = "_files -/"
				case f.kind == "file":
					action = "_files"
				}
				spec = "--" + f.name + "=-[" + help + "]:" + f.name + ":" + action
			}
			fmt.Fprintf(&cases, "        %s\n", zshQuote(spec))
		}
		if len(c.words) > 0 {
			fmt.Fprintf(&cases, "        %s\n", zshQuote("1:what:("+strings.Join(c.words, " ")+")"))
		}
		fmt.Fprintf(&cases, "      ) ;;\n")
	}
	return fmt.Sprintf(`#compdef %[1]s
# zsh completion for %[1]s, made by '%[1]s completion zsh'
_%[1]s() {
  local -a commands arguments
  commands=(
%[2]s  )
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    _describe command commands
    return
  fi
  case $words[2] in
%[3]s  esac
  [[ $words[2] != -* ]] && shift words && ((CURRENT--))
  _arguments $arguments
}
if [[ $funcstack[1] == _%[1]s ]]; then
  _%[1]s "$@"
else
  compdef _%[1]s %[1]s
fi
`, name, commands.String(), cases.String())
}

func zshQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// fishScript completes in fish.
func fishScript(name string, all []completed) string {
	var names []string
	for _, c := range all {
		names = append(names, c.name)
	}
	quote := func(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'" }
	none := "not __fish_seen_subcommand_from " + strings.Join(names, " ")
	var b strings.Builder
	fmt.Fprintf(&b, "# fish completion for %[1]s, made by '%[1]s completion fish'\ncomplete -c %[1]s -f\n", name)
	for i, c := range all {
		fmt.Fprintf(&b, "complete -c %s -n %s -a %s -d %s\n", name, quote("__fish_use_subcommand"), c.name, quote(c.help))
		when := "__fish_seen_subcommand_from " + c.name
		if i == 0 { // meant where none is named
			when += "; or " + none
		}
		if len(c.words) > 0 {
			fmt.Fprintf(&b, "complete -c %s -n %s -a %s\n", name, quote(when), quote(strings.Join(c.words, " ")))
		}
		for _, f := range c.flags {
			fmt.Fprintf(&b, "complete -c %s -n %s -l %s -d %s", name, quote(when), f.name, quote(f.help))
			switch {
			case f.alone:
			case len(f.values) > 0:
				fmt.Fprintf(&b, " -x -a %s", quote(strings.Join(f.values, " ")))
			case f.kind == "folder":
				fmt.Fprintf(&b, " -x -a %s", quote("(__fish_complete_directories)"))
			case f.kind == "file":
				b.WriteString(" -r -F")
			default:
				b.WriteString(" -x")
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}
