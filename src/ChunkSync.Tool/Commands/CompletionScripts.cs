namespace ChunkSync.Tool;

/// <summary>The scripts. Each asks the program itself with <c>[suggest:POSITION]</c>; where it suggests nothing but options and none was begun, files are offered.</summary>
internal static class CompletionScripts
{
    private const string Bash = """
        # chunksync completion for bash. In ~/.bashrc: source <(chunksync completion bash)
        _chunksync() {
            local rest="${COMP_LINE#* }" line word
            local position=$(( COMP_POINT - ${#COMP_LINE} + ${#rest} ))
            word="${COMP_WORDS[COMP_CWORD]}"
            COMPREPLY=()
            while IFS= read -r line; do
                [[ "$line" == "$word"* && ( "$line" != -* || "$word" == -* ) ]] && COMPREPLY+=("$line")
            done < <(chunksync "[suggest:$position]" "$rest" 2>/dev/null)
        }
        complete -o default -F _chunksync chunksync
        """;

    private const string Zsh = """
        #compdef chunksync
        # chunksync completion for zsh. In ~/.zshrc, behind compinit: source <(chunksync completion zsh)
        _chunksync() {
            local rest="${(j: :)words[2,CURRENT]}" word="${words[CURRENT]}"
            local -a found
            found=("${(@f)$(chunksync "[suggest:${#rest}]" "$rest" 2>/dev/null)}")
            [[ "$word" == -* ]] || found=("${(@)found:#-*}")
            found=("${(@M)found:#$word*}")
            if (( ${#found} )); then
                compadd -- "${found[@]}"
            else
                _files
            fi
        }
        compdef _chunksync chunksync
        """;

    private const string Fish = """
        # chunksync completion for fish. chunksync completion fish > ~/.config/fish/completions/chunksync.fish
        function __chunksync_suggest
            set -l word (commandline -ct)
            set -l rest (string replace -r '^\S+ ?' '' -- (commandline -cp))
            for line in (chunksync "[suggest:"(string length -- "$rest")"]" "$rest" 2>/dev/null)
                if not string match -q -- '-*' $line; or string match -q -- '-*' $word
                    echo $line
                end
            end
        end
        complete -c chunksync -a '(__chunksync_suggest)'
        """;

    private const string PowerShell = """
        # chunksync completion for PowerShell. In $PROFILE: chunksync completion pwsh | Out-String | Invoke-Expression
        Register-ArgumentCompleter -Native -CommandName chunksync -ScriptBlock {
            param($word, $tree, $position)
            # The position counts from the beginning of the line, where other commands may stand.
            $cursor = $position - $tree.Extent.StartOffset
            $text = $tree.ToString().PadRight($cursor)
            $rest = $text -replace '^\S+ ?', ''
            $at = $cursor - $text.Length + $rest.Length
            chunksync "[suggest:$at]" $rest 2>$null |
                Where-Object { $_.StartsWith($word) -and (-not $_.StartsWith('-') -or $word.StartsWith('-')) } |
                ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
        }
        """;

    /// <summary>The shells.</summary>
    public static string[] Shells { get; } = ["bash", "zsh", "fish", "pwsh"];

    /// <summary>The script of a shell.</summary>
    public static string Of(string shell) => (shell switch { "bash" => Bash, "zsh" => Zsh, "fish" => Fish, _ => PowerShell }).ReplaceLineEndings("\n") + "\n";
}
