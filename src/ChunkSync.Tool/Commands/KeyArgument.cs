using System.Globalization;

namespace ChunkSync.Tool;

/// <summary>A row's key on the command line: the plain value, or SQL literals with commas between them.</summary>
internal static class KeyArgument
{
    /// <summary>The pk blobs that a text can mean: <c>5</c> is a number or a text.</summary>
    /// <exception cref="ToolException">The table's key has another number of columns.</exception>
    public static byte[][] Parse(DatabaseFile file, TrackedTable table, string text)
    {
        int columns = Math.Max(1, table.KeyColumns(file).Count);
        List<object[]> parts = [.. Split(text).Select(Meanings)];
        if (parts.Count != columns)
        {
            // A plain text may have commas.
            parts = columns == 1
                ? [[text]]
                : throw new ToolException(ExitCode.Usage, "key " + text, $"{table.Name} has a key of {columns} columns", "give SQL literals with commas: 'a',7");
        }

        if (columns == 1)
        {
            parts = [[.. parts[0].Append(text).Distinct()]];
        }

        IEnumerable<object[]> combinations = parts.Aggregate<object[], IEnumerable<object[]>>(
            [[]], (before, meanings) => before.SelectMany(values => meanings.Select(meaning => (object[])[.. values, meaning])));
        string sql = $"SELECT cloudsync_pk_encode({string.Join(", ", Enumerable.Range(1, columns).Select(i => "?" + i))})";
        return [.. combinations.Select(values => file.Bytes(sql, values))];
    }

    /// <summary>The parts between commas that are not inside quotes.</summary>
    private static List<string> Split(string text)
    {
        List<string> parts = [];
        (int begin, bool isQuoted) = (0, false);
        for (int i = 0; i < text.Length; i++)
        {
            isQuoted ^= text[i] == '\'';
            if (text[i] == ',' && !isQuoted)
            {
                parts.Add(text[begin..i].Trim());
                begin = i + 1;
            }
        }

        parts.Add(text[begin..].Trim());
        return parts;
    }

    private static object[] Meanings(string part)
    {
        if (part is ['\'', .., '\''])
        {
            return [part[1..^1].Replace("''", "'", StringComparison.Ordinal)];
        }

        if (part is ['x' or 'X', '\'', .., '\''] && part.Length % 2 == 1)
        {
            try
            {
                return [Convert.FromHexString(part.AsSpan(2, part.Length - 3))];
            }
            catch (FormatException)
            {
                return [part];
            }
        }

        return long.TryParse(part, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long integer) ? [integer, (double)integer, part]
            : double.TryParse(part, CultureInfo.InvariantCulture, out double real) ? [real, part] : [part];
    }
}
