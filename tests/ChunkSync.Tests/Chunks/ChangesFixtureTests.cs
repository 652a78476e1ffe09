using System.Text.Json;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Chunks;

/// <summary>Every row of <c>cloudsync_changes</c> that sqlite-sync 1.1.4 was recorded with.</summary>
public class ChangesFixtureTests
{
    private const string Columns = "tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq";

    public static TheoryData<string> Names => FixtureData.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Changes_equal_the_recorded_ones_when_read_in_order(string name)
    {
        using TempFile file = new(Fixtures.File(name + ".db"));
        using Database database = Database.Open(file.Path, readOnly: false);
        string[] expected =
        [
            .. File.ReadLines(Fixtures.File(name + ".changes.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
                .Select(change => string.Join(" ", Columns.Split(", ").Select(column => column is "pk" or "site_id"
                    ? FixtureValues.Describe(Convert.FromHexString(change.GetProperty(column).GetString()!))
                    : FixtureValues.Describe(change.GetProperty(column))))),
        ];
        Assert.Equal(expected, Read(database, ""));
        Assert.Equal(expected, Read(database, " ORDER BY db_version, seq"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Constraints_select_what_a_plain_filter_selects_when_pushed_down(string name)
    {
        using TempFile file = new(Fixtures.File(name + ".db"));
        using Database database = Database.Open(file.Path);
        string[] filters =
        [
            "db_version = 3", "db_version > 2 AND db_version <= 5", "db_version >= 4", "db_version < 3", "db_version = 3 AND seq >= 1",
            "db_version = 2 AND seq = 0", "tbl = 't'", "tbl = 'T'", "site_id = cloudsync_siteid()", "site_id = x'00'", "site_id = 'x'",
            "db_version > 1.5", "db_version = '2'", "db_version > NULL", "db_version IN (1, 3)", "seq > 0", "col_name LIKE 'a%'",
            "db_version > 9223372036854775807", "db_version < -9223372036854775808", "db_version BETWEEN 2 AND 4 AND tbl = 't'",
        ];
        foreach (string filter in filters)
        {
            // A unary plus keeps a constraint from the table; an integer keeps its affinity through + 0.
            string plain = filter.Replace("db_version", "+db_version").Replace("seq", "+seq").Replace("tbl", "+tbl").Replace("site_id", "+site_id")
                .Replace("+db_version = '2'", "+db_version = 2");
            Assert.Equal(Read(database, " WHERE " + plain), Read(database, " WHERE " + filter));
        }
    }

    private static string[] Read(Database database, string tail) =>
        [.. database.Query($"SELECT {Columns} FROM cloudsync_changes{tail}").Select(row => string.Join(" ", row.Select(FixtureValues.Describe)))];
}
