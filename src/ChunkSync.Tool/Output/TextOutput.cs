using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ChunkSync.Tool;

/// <summary>Standard output for people: lines and tables. Text of the database is made <see cref="Printable"/>.</summary>
internal sealed class TextOutput(Terminal terminal, GlobalOptions options)
{
    private const int Unlimited = 100_000;

    private readonly bool hasColor = terminal.IsOutputTerminal && terminal.MayColor && options.HasColor;

    /// <summary>A number with thousands separated.</summary>
    public static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A number and its noun, whose plural ends in s.</summary>
    public static string Count(long value, string noun) => $"{Number(value)} {noun}{(value == 1 ? "" : "s")}";

    /// <summary>Writes a line.</summary>
    public void Line(string text = "") => terminal.Out.WriteLine(Printable.Of(text));

    /// <summary>Writes a line of this program's own as it is.</summary>
    public void Verbatim(string line) => terminal.Out.WriteLine(line);

    /// <summary>Writes a line in a colour, where colours are shown.</summary>
    public void Line(string text, Color color)
    {
        if (hasColor)
        {
            Write(new Text(Printable.Of(text), new Style(color)));
        }
        else
        {
            Line(text);
        }
    }

    /// <summary>Writes a table without frames: names of columns, right-aligned where they begin with '&gt;'; then rows.</summary>
    public void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        Table table = new() { Border = TableBorder.None };
        foreach (string column in columns)
        {
            bool isRight = column.StartsWith('>');
            table.AddColumn(new TableColumn(new Text(column.TrimStart('>'), hasColor ? new Style(decoration: Decoration.Bold) : Style.Plain))
            {
                Alignment = isRight ? Justify.Right : Justify.Left,
                NoWrap = true,
                Padding = new Padding(0, 0, 2, 0),
            });
        }

        foreach (IReadOnlyList<string> row in rows)
        {
            table.AddRow(row.Select(cell => new Text(Printable.Of(cell))));
        }

        Write(table);
    }

    /// <summary>Renders without a limit of width: lines are the reader's to fold.</summary>
    private void Write(IRenderable what)
    {
        using StringWriter text = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = hasColor ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = hasColor ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = Unlimited;
        console.Write(what);
        foreach (string line in text.ToString().TrimEnd('\n').Split('\n'))
        {
            terminal.Out.WriteLine(line.TrimEnd());
        }
    }
}
