using System.Text;

namespace ChunkSync.Tool;

/// <summary>Where the program reads and writes.</summary>
internal sealed record Terminal
{
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

    /// <summary>The terminal's columns.</summary>
    public int Width { get; init; } = 80;

    /// <summary>That of the process.</summary>
    public static Terminal OfProcess()
    {
        UTF8Encoding encoding = new(encoderShouldEmitUTF8Identifier: false);
        bool isOut = !Console.IsOutputRedirected;
        return new Terminal
        {
            Out = new StreamWriter(Console.OpenStandardOutput(), encoding) { AutoFlush = true, NewLine = "\n" },
            Error = new StreamWriter(Console.OpenStandardError(), encoding) { AutoFlush = true, NewLine = "\n" },
            OpenInput = Console.OpenStandardInput,
            OpenOutput = Console.OpenStandardOutput,
            IsOutputTerminal = isOut,
            IsErrorTerminal = !Console.IsErrorRedirected,
            MayColor = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")),
            Width = WidthOfWindow(),
        };
    }

    private static int WidthOfWindow()
    {
        try
        {
            return Console.IsOutputRedirected && Console.IsErrorRedirected ? 80 : Math.Clamp(Console.WindowWidth, 20, 1000);
        }
        catch (IOException)
        {
            return 80;
        }
    }
}
