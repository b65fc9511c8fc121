import { Argument, Command, type Option } from "commander";

const EXAMPLES = `
Examples:
  source <(supercargo completion bash)
  supercargo completion zsh > "\${fpath[1]}/_supercargo"
  supercargo completion fish > ~/.config/fish/completions/supercargo.fish`;

/** What a shell has to know of a command. */
type Completable = {
  readonly name: string;
  readonly summary: string;
  readonly words: readonly string[];
  readonly options: readonly Option[];
};

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;
type Shell = keyof typeof SCRIPTS;

/** `supercargo completion`: a script by which a shell completes commands, options and what these may be. */
export function completionCommand(loadAll: () => Promise<readonly Command[]>): Command {
  return new Command("completion")
    .description("Print a script by which a shell completes commands, options and their choices.")
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(SCRIPTS)))
    .addHelpText("after", EXAMPLES)
    .action(async (shell: Shell) => {
      process.stdout.write(SCRIPTS[shell]((await loadAll()).map(completableOf)));
    });
}

/** A command, and the commands in it as words that may follow it, with the options of all. */
function completableOf(command: Command): Completable {
  const inner = command.commands.map((one) => one.name());
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  const options = [command, ...command.commands].flatMap((one) => one.options);
  return {
    name: command.name(),
    summary: command.summary(),
    words: [...inner, ...choices],
    options: options.filter((option) => option.long !== undefined && option.long !== null),
  };
}

function bashScript(commands: readonly Completable[]): string {
  const names = commands.map(({ name }) => name);
  const values = commands.flatMap(({ name, options }) =>
    options.filter(takesValue).map((option) => {
      const written = [option.long, option.short].flatMap((form) => (form ? `${name}:${form}` : []));
      return `    ${written.join("|")}) words="${option.argChoices?.join(" ") ?? ""}" ;;`;
    }),
  );
  const words = commands.map(({ name, words: own, options }) => {
    return `    ${name}:*) words="${[...own, ...options.map(({ long }) => long)].join(" ")}" ;;`;
  });
  return `# Completion of supercargo for bash.
_supercargo() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command= word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in ${names.join("|")}) command=$word; break ;; esac
  done
  case "$command:$previous" in
    :*) words="${names.join(" ")}" ;;
${[...values, ...words].join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _supercargo supercargo
`;
}

function zshScript(commands: readonly Completable[]): string {
  const summaries = commands.map(({ name, summary }) => `    ${zshQuoted(`${name}:${summary}`)}`);
  const cases = commands.map(({ name, words, options }) => {
    const specs = options.map((option) => {
      const value = takesValue(option) ? `:value:${choicesOf(option, "_files")}` : "";
      const explained = `[${option.description.replaceAll(/[[\]\\]/g, String.raw`\$&`)}]${value}`;
      const written = [option.long, option.short].filter((form) => typeof form === "string");
      return written.map((form) => zshQuoted(`*${form}${explained}`)).join(" ");
    });
    const rest = words.length > 0 ? zshQuoted(`1:word:(${words.join(" ")})`) : "";
    return `    ${name}) _arguments ${[rest, ...specs].filter(Boolean).join(" \\\n      ")} ;;`;
  });
  return `#compdef supercargo
# Completion of supercargo for zsh.
_supercargo() {
  local -a commands=(
${summaries.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = _supercargo ]; then _supercargo "$@"; else compdef _supercargo supercargo; fi
`;
}

function fishScript(commands: readonly Completable[]): string {
  const lines = commands.flatMap(({ name, summary, words, options }) => {
    const within = `complete -c supercargo -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c supercargo -n __fish_use_subcommand -f -a ${name} -d ${fishQuoted(summary)}`,
      ...(words.length > 0 ? [`${within} -f -a ${fishQuoted(words.join(" "))}`] : []),
      ...options.map((option) => {
        const choices =
          option.argChoices === undefined ? " -r" : ` -x -a ${fishQuoted(option.argChoices.join(" "))}`;
        const value = takesValue(option) ? choices : "";
        const short = option.short ? ` -s ${option.short.slice(1)}` : "";
        return `${within} -l ${option.long?.slice(2)}${short}${value} -d ${fishQuoted(option.description)}`;
      }),
    ];
  });
  return `# Completion of supercargo for fish.\n${lines.join("\n")}\n`;
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

function choicesOf({ argChoices }: Option, otherwise: string): string {
  return argChoices === undefined ? otherwise : `(${argChoices.join(" ")})`;
}

function zshQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
