using System.Text.RegularExpressions;

namespace ChunkSync.Tests.Architecture;

/// <summary>The allowed arrows between the folders of src: the table of ARCHITECTURE.md whose columns are "folder", "what" and "uses".</summary>
internal sealed partial class ArrowTable
{
    private readonly Dictionary<string, HashSet<string>> uses = new(StringComparer.Ordinal);

    /// <summary>The folders in the table's order: <c>Format</c>, <c>Sql/Probe</c>, …</summary>
    public List<string> Folders { get; } = [];

    /// <summary>Every arrow: (from, to).</summary>
    public IEnumerable<(string From, string To)> Arrows => uses.SelectMany(pair => pair.Value.Select(to => (pair.Key, to)));

    /// <summary>Whether a folder may use another; itself it may.</summary>
    public bool Allows(string from, string to) => from == to || (uses.TryGetValue(from, out HashSet<string>? to1) && to1.Contains(to));

    /// <summary>Reads the table.</summary>
    /// <exception cref="FormatException">There is none, or a row cannot be read.</exception>
    public static ArrowTable Parse(string page)
    {
        ArrowTable table = new();
        bool inside = false;
        foreach (string line in page.Split('\n'))
        {
            if (!inside)
            {
                inside = line.TrimEnd() == "| folder | what | uses |";
                continue;
            }

            if (!line.StartsWith('|'))
            {
                break;
            }

            if (!line.StartsWith("| ---", StringComparison.Ordinal))
            {
                table.Add(line);
            }
        }

        return table.Folders.Count > 0 ? table : throw new FormatException("there is no table \"| folder | what | uses |\"");
    }

    /// <summary>A chain of arrows that comes back to where it began, or null.</summary>
    public static string? Cycle(IEnumerable<(string From, string To)> arrows)
    {
        ILookup<string, string> targets = arrows.Where(arrow => arrow.From != arrow.To).Distinct().ToLookup(arrow => arrow.From, arrow => arrow.To);
        HashSet<string> done = [];
        List<string> path = [];
        return targets.Select(group => group.Key).Order(StringComparer.Ordinal).Select(Visit).FirstOrDefault(found => found != null);

        string? Visit(string folder)
        {
            int at = path.IndexOf(folder);
            if (at >= 0)
            {
                return string.Join(" -> ", path[at..].Append(folder));
            }

            if (!done.Add(folder))
            {
                return null;
            }

            path.Add(folder);
            string? found = targets[folder].Select(Visit).FirstOrDefault(cycle => cycle != null);
            path.RemoveAt(path.Count - 1);
            return found;
        }
    }

    private void Add(string line)
    {
        string[] cells = line.Split('|');
        if (cells.Length != 5 || Name().Matches(cells[1]) is not [Match folder] || uses.ContainsKey(folder.Groups[1].Value))
        {
            throw new FormatException("no row of the table of arrows: " + line);
        }

        Folders.Add(folder.Groups[1].Value);
        uses.Add(folder.Groups[1].Value, [.. Name().Matches(cells[3]).Select(match => match.Groups[1].Value)]);
    }

    [GeneratedRegex("`([A-Za-z/]+)`")]
    private static partial Regex Name();
}
