using System.Text;

namespace ChunkSync.Tool;

/// <summary>Where the program reads and writes.</summary>
internal sealed record Terminal
{
    private const int UsualWidth = 80;
    private const int NarrowWidth = 60;
    private const int WideWidth = 1000;

    /// <summary>Text of standard output: the result.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Standard error: progress, notes, failures.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Standard input, as bytes.</summary>
    public required Func<Stream> OpenInput { get; init; }

    /// <summary>Standard output, as bytes; for commands that write nothing else there.</summary>
    public required Func<Stream> OpenOutput { get; init; }

    /// <summary>Whether a person reads standard output.</summary>
    public bool IsOutputTerminal { get; init; }

    /// <summary>Whether a person reads standard error.</summary>
    public bool IsErrorTerminal { get; init; }

    /// <summary>Whether colours may be used at all: not where NO_COLOR is set.</summary>
    public bool MayColor { get; init; }

    /// <summary>Asks for the terminal's columns; not before they are needed, because it changes the mode of a terminal.</summary>
    public Func<int> Width { get; init; } = static () => UsualWidth;

    /// <summary>That of the process.</summary>
    /// <param name="closed">Which of standard input, output and error are closed.</param>
    public static Terminal OfProcess(bool[] closed)
    {
        UTF8Encoding encoding = new(encoderShouldEmitUTF8Identifier: false);
        bool isOut = !Console.IsOutputRedirected;
        return new Terminal
        {
            Out = new StreamWriter(new StandardStream(closed[1] ? null : Console.OpenStandardOutput(), isResult: true), encoding) { AutoFlush = true, NewLine = "\n" },
            Error = new StreamWriter(new StandardStream(closed[2] ? null : Console.OpenStandardError(), isResult: false), encoding) { AutoFlush = true, NewLine = "\n" },
            OpenInput = () => closed[0] ? throw new ToolException(ExitCode.InputOutput, "standard input", "it is closed") : Console.OpenStandardInput(),
            OpenOutput = Console.OpenStandardOutput,
            IsOutputTerminal = isOut,
            IsErrorTerminal = !Console.IsErrorRedirected,
            MayColor = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")),
            Width = WidthOfWindow,
        };
    }

    /// <summary>The terminal's width; that of a usual one where it does not say it.</summary>
    private static int WidthOfWindow()
    {
        try
        {
            int width = Console.IsOutputRedirected && Console.IsErrorRedirected ? 0 : Console.WindowWidth;
            return width <= 0 ? UsualWidth : Math.Clamp(width, NarrowWidth, WideWidth);
        }
        catch (IOException)
        {
            return UsualWidth;
        }
    }
}
