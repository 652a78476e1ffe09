using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>What a database of <see cref="InterruptedReplica"/> holds: rows and clocks by key, settings, staged fragments.</summary>
internal sealed class InterruptedState
{
    private const string Sentinel = "__[RIP]__";

    private const string Absent = "no row, no clock";
    private const string NotYet = "NULL, no clock";

    private static readonly (string Table, string Key, string Columns)[] Tables =
        [("t", "id", "a, b"), ("pair", "y, x", "v"), ("flag", "id", "NULL")];

    /// <summary>Base values by table and key, then by column name.</summary>
    private readonly SortedDictionary<string, SortedDictionary<string, string>> rows = new(StringComparer.Ordinal);

    /// <summary>Clocks by table and key, then by column name: version, site, and the position, which a repeat may move.</summary>
    private readonly SortedDictionary<string, SortedDictionary<string, (long Version, long Site, string Position)>> clocks =
        new(StringComparer.Ordinal);

    private string settings = "";

    /// <summary>Parts of long values that wait for others.</summary>
    public long Fragments { get; private init; }

    /// <summary>Reads a database's state.</summary>
    public static InterruptedState Of(Database database)
    {
        InterruptedState state = new()
        {
            Fragments = (long)database.Scalar("SELECT count(*) FROM cloudsync_payload_fragments")!,
            settings = string.Join(" ", database.Query("SELECT key || '=' || value FROM cloudsync_settings ORDER BY key").Select(row => row[0])),
        };
        foreach ((string table, string key, string columns) in Tables)
        {
            string[] names = columns.Split(", ");
            foreach (object?[] row in database.Query($"SELECT hex(cloudsync_pk_encode({key})), {columns} FROM {table}"))
            {
                SortedDictionary<string, string> values = new(StringComparer.Ordinal);
                for (int i = 0; i < names.Length; i++)
                {
                    values[names[i]] = FixtureValues.Describe(row[i + 1]);
                }

                state.rows[table + " " + row[0]] = values;
            }

            foreach (object?[] row in database.Query(
                $"SELECT hex(pk), col_name, col_version, site_id, db_version || '.' || seq FROM {table}_cloudsync"))
            {
                string place = table + " " + row[0];
                if (!state.clocks.TryGetValue(place, out var entries))
                {
                    state.clocks[place] = entries = new(StringComparer.Ordinal);
                }

                entries[(string)row[1]!] = ((long)row[2]!, (long)row[3]!, (string)row[4]!);
            }
        }

        return state;
    }

    /// <summary>Every row has clocks that say it lives, and every key whose clocks say so has a row.</summary>
    public void AssertRowsHaveClocks(string when)
    {
        foreach (string place in rows.Keys.Union(clocks.Keys))
        {
            bool lives = clocks.TryGetValue(place, out var entries)
                && (!entries.TryGetValue(Sentinel, out var sentinel) || (sentinel.Version & 1) == 1);
            Assert.True(lives == rows.ContainsKey(place), $"{when}: {place} is a row: {rows.ContainsKey(place)}, its clocks say {lives}\n{this}");
        }
    }

    /// <summary>Each column's value and clock are, together, those of one or of the other state: nothing is between them.</summary>
    public void AssertEachIsFrom(InterruptedState before, InterruptedState after, bool positions, string when)
    {
        foreach (string place in rows.Keys.Union(clocks.Keys).Union(before.clocks.Keys).Union(after.clocks.Keys))
        {
            foreach (string column in Names(place).Union(before.Names(place)).Union(after.Names(place)))
            {
                string now = Entry(place, column, positions);
                string old = before.Entry(place, column, positions);
                string done = after.Entry(place, column, positions);

                // A new row whose column was changed later in the payload than the others has that column's default for a while.
                bool waits = now == NotYet && old == Absent && done != Absent;
                Assert.True(
                    now == old || now == done || waits,
                    $"{when}: {place} {column} is {now}, neither {old} (before) nor {done} (done)");
            }
        }
    }

    /// <summary>The whole state as text.</summary>
    /// <param name="positions">With db_version and seq of every clock.</param>
    public string Describe(bool positions) => string.Join("\n", rows.Keys.Union(clocks.Keys).Order(StringComparer.Ordinal).SelectMany(
        place => Names(place).Select(column => $"{place} {column}: {Entry(place, column, positions)}")))
        + $"\n{settings}\nfragments {Fragments}";

    public override string ToString() => Describe(positions: true);

    private IEnumerable<string> Names(string place) =>
        (clocks.TryGetValue(place, out var entries) ? entries.Keys : Enumerable.Empty<string>()).Append(Sentinel)
            .Union(rows.TryGetValue(place, out var values) ? values.Keys : []);

    private string Entry(string place, string column, bool positions)
    {
        string value = rows.TryGetValue(place, out var values) ? values.GetValueOrDefault(column, "row") : "no row";
        if (!clocks.TryGetValue(place, out var entries) || !entries.TryGetValue(column, out var clock))
        {
            return value + ", no clock";
        }

        return $"{value}, version {clock.Version} of site {clock.Site}" + (positions ? " at " + clock.Position : "");
    }
}
