package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"instaview-mcp/internal/setup"
)

// completion prints a script that makes a shell complete commands, flags, the
// clients of setup and what webhook does.
func completion(w io.Writer, args []string) error {
	shells := map[string]string{"bash": bashCompletion, "zsh": zshCompletion}
	if len(args) == 1 && args[0] == "fish" {
		_, err := io.WriteString(w, fishCompletion())
		return err
	}
	if len(args) != 1 || shells[args[0]] == "" {
		return errors.New("completion needs the name of a shell: bash, zsh or fish")
	}
	var flags []string
	flagSet(new(options), allCommands()...).VisitAll(func(f *flag.Flag) { flags = append(flags, "--"+f.Name) })
	_, err := fmt.Fprintf(w, shells[args[0]], strings.Join(setup.Names(), " "), strings.Join(webhookActionNames(), " "), strings.Join(names(allCommands()), " "), strings.Join(flags, " "))
	return err
}

const bashCompletion = `_instaview_mcp() {
	local words
	case " ${COMP_WORDS[*]} " in
	*" setup "*) words="%s" ;;
	*" webhook "*) words="%s" ;;
	*" completion "*) words="bash zsh fish" ;;
	*) words="%s" ;;
	esac
	COMPREPLY=($(compgen -W "$words %s" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _instaview_mcp instaview-mcp
`

const zshCompletion = `#compdef instaview-mcp
case " $words " in
*" setup "*) compadd -- %s ;;
*" webhook "*) compadd -- %s ;;
*" completion "*) compadd -- bash zsh fish ;;
*) compadd -- %s ;;
esac
compadd -- %s
`

func fishCompletion() string {
	var b strings.Builder
	b.WriteString("complete -c instaview-mcp -f\n")
	fmt.Fprintf(&b, "complete -c instaview-mcp -n '__fish_is_first_arg' -a '%s'\n", strings.Join(names(allCommands()), " "))
	fmt.Fprintf(&b, "complete -c instaview-mcp -n '__fish_seen_subcommand_from setup' -a '%s'\n", strings.Join(setup.Names(), " "))
	fmt.Fprintf(&b, "complete -c instaview-mcp -n '__fish_seen_subcommand_from webhook' -a '%s'\n", strings.Join(webhookActionNames(), " "))
	b.WriteString("complete -c instaview-mcp -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n")
	flagSet(new(options), allCommands()...).VisitAll(func(f *flag.Flag) {
		name, text := flag.UnquoteUsage(f)
		value := ""
		switch name {
		case "":
		case "FILE":
			value = " -r -F"
		default:
			value = " -r"
		}
		fmt.Fprintf(&b, "complete -c instaview-mcp -l %s%s -d '%s'\n", f.Name, value, strings.ReplaceAll(text, "'", `\'`))
	})
	return b.String()
}
