using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Session;

/// <summary>One setting that <c>cloudsync_set</c> knows: its name, and what its value must be. What a file has already is read as it is.</summary>
/// <param name="Name">The name; compared without ASCII case, stored in this spelling.</param>
/// <param name="IsInteger">Whether the value is an integer; else any text.</param>
/// <param name="Maximum">The greatest integer; the least is 0.</param>
internal sealed record SettingDefinition(string Name, bool IsInteger, long Maximum = long.MaxValue)
{
    /// <summary>The only texts that it takes; empty for any.</summary>
    public string[] Choices { get; init; } = [];

    private const int MaxShown = 64;

    /// <summary>All settings: sqlite-sync's (behaviour E.3) and ours. A feature that has one adds it here.</summary>
    public static IReadOnlyList<SettingDefinition> All { get; } =
    [
        new(Settings.PayloadMaxChunkSize, IsInteger: true),
        new(Settings.SkipSchemaHashCheck, IsInteger: true, Maximum: 1),
        new(Settings.SendDbVersion, IsInteger: true),
        new(Settings.SendSeq, IsInteger: true),
        new(Settings.CheckDbVersion, IsInteger: true),
        new(Settings.CheckSeq, IsInteger: true),

        // The local clock starts behind it: it must leave room for what comes.
        new(Settings.PreAlterDbVersion, IsInteger: true, VersionLimits.ClockReach - 1),
        new("debug", IsInteger: true),
        new(Settings.ConflictLog, IsInteger: true, Maximum: 1_000_000),
        new(Settings.AppliedBytes, IsInteger: true, Maximum: int.MaxValue),
        new(Settings.Schema, IsInteger: false),
        new(Settings.Version, IsInteger: false),
        new(Settings.SchemaVersion, IsInteger: true),
        new(Settings.ApplyRefused, IsInteger: false) { Choices = ["stop", "wait"] },
        new(Settings.SchemaCheck, IsInteger: false) { Choices = ["hash", "names"] },
        new(Settings.WaitingMax, IsInteger: true),
        new(Settings.WaitingMaxBytes, IsInteger: true),
        new(Settings.WaitingBudget, IsInteger: true),
        new(Settings.TreeCatchUp, IsInteger: false) { Choices = ["immediate", "deferred"] },
    ];

    /// <summary>The setting of that name.</summary>
    /// <exception cref="EngineException">There is none; the text names the nearest one.</exception>
    public static SettingDefinition Find(string name)
    {
        foreach (SettingDefinition setting in All)
        {
            if (AsciiNames.Lower(name) == setting.Name)
            {
                return setting;
            }
        }

        string shown = name.Length > MaxShown ? name[..MaxShown] + "…" : name;
        string nearest = All.MinBy(setting => Distance(AsciiNames.Lower(shown), setting.Name))!.Name;
        throw Errors.Refused($"cloudsync_set: there is no setting '{shown}', the nearest one is '{nearest}'");
    }

    /// <summary>The value as it is stored.</summary>
    /// <exception cref="EngineException">It is malformed; the text has name, value and what it must be.</exception>
    public string Read(Value value)
    {
        if (!IsInteger)
        {
            return Choices.Length == 0 ? value.String
                : Choices.FirstOrDefault(choice => choice == AsciiNames.Lower(value.String))
                    ?? throw Errors.Refused($"cloudsync_set: {Name} must be {string.Join(" or ", Choices.Select(choice => $"'{choice}'"))},"
                        + $" not {SqlText.Describe(value)}");
        }

        bool isNumber = value.Type switch
        {
            StorageClass.Integer => true,
            StorageClass.Real => value.Double == Math.Floor(value.Double) && Math.Abs(value.Double) < long.MaxValue,
            StorageClass.Text => IsDecimal(value.Text),
            _ => false,
        };
        return isNumber && value.Int64 >= 0 && value.Int64 <= Maximum
            ? value.Int64.ToString(System.Globalization.CultureInfo.InvariantCulture)
            : throw Errors.Refused($"cloudsync_set: {Name} is {SqlText.Describe(value)}, it must be an integer from 0 to {Maximum}");
    }

    /// <summary>Whether a text is a number without sign, point or spaces that 64 bits hold: SQLite's own conversion would stop at the first
    /// letter.</summary>
    private static bool IsDecimal(ReadOnlySpan<byte> text)
    {
        foreach (byte digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'9')
            {
                return false;
            }
        }

        return System.Buffers.Text.Utf8Parser.TryParse(text, out long _, out int length) && length == text.Length;
    }

    /// <summary>How many letters must be put in, left out or changed to make one text of the other.</summary>
    private static int Distance(string left, string right)
    {
        int[] row = [.. Enumerable.Range(0, right.Length + 1)];
        for (int i = 1; i <= left.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int change = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(change, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[right.Length];
    }
}
