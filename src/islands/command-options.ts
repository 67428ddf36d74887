/** An option of a command, with its value where that has few letters: "-c 8192", "--n-cpu-moe 12"; kept on one line everywhere. */
export const COMMAND_OPTIONS = /(?<![\w/-])--?[a-z][\w-]*(?: [\w.,]{1,12}(?!\S))?/g;
