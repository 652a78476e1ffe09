using ChunkSync.Format;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Capture;

public class SettingTests
{
    private const string Stored = "SELECT value FROM cloudsync_settings WHERE key = ?";

    private static Database Open()
    {
        Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t')");
        return database;
    }

    [Theory]
    [InlineData("payload_max_chunksize", "payload_max_chunk_size")]
    [InlineData("payload_max_size", "payload_max_chunk_size")]
    [InlineData("send_db_version", "send_dbversion")]
    [InlineData("checkseq", "check_seq")]
    [InlineData("skip_hash_check", "skip_schema_hash_check")]
    [InlineData("", "debug")]
    public void Setting_is_refused_when_nobody_knows_it(string name, string nearest)
    {
        using Database database = Open();
        SqlException failure = Assert.Throws<SqlException>(() => database.Run("SELECT cloudsync_set(?, 1)", name));
        Assert.Equal((1, $"cloudsync_set: there is no setting '{name}', the nearest one is '{nearest}'"), (failure.Code, failure.Text));
        Assert.Null(database.Scalar(Stored, name));
    }

    [Fact]
    public void Name_is_cut_when_it_is_endless()
    {
        using Database database = Open();
        SqlException failure = Assert.Throws<SqlException>(() => database.Run("SELECT cloudsync_set(?, 1)", new string('x', 1_000_000)));
        Assert.StartsWith($"cloudsync_set: there is no setting '{new string('x', 64)}…', the nearest one is '", failure.Text);
    }

    [Theory]
    [InlineData("payload_max_chunk_size", "'abc'", "'abc'", long.MaxValue)]
    [InlineData("payload_max_chunk_size", "'1000x'", "'1000x'", long.MaxValue)]
    [InlineData("payload_max_chunk_size", "''", "''", long.MaxValue)]
    [InlineData("payload_max_chunk_size", "' 5'", "' 5'", long.MaxValue)]
    [InlineData("payload_max_chunk_size", "-1", "-1", long.MaxValue)]
    [InlineData("payload_max_chunk_size", "1.5", "1.5", long.MaxValue)]
    [InlineData("send_dbversion", "'9223372036854775808'", "'9223372036854775808'", long.MaxValue)]
    [InlineData("send_dbversion", "1e300", "1.0e+300", long.MaxValue)]
    [InlineData("skip_schema_hash_check", "'true'", "'true'", 1L)]
    [InlineData("skip_schema_hash_check", "2", "2", 1L)]
    [InlineData("skip_schema_hash_check", "x'31'", "x'31'", 1L)]
    [InlineData("pre_alter_dbversion", "9223372036854775807", "9223372036854775807", VersionLimits.ClockReach - 1)]
    public void Value_is_refused_when_it_is_none_of_the_setting(string name, string value, string shown, long maximum)
    {
        using Database database = Open();
        SqlException failure = Assert.Throws<SqlException>(() => database.Exec($"SELECT cloudsync_set('{name}', {value})"));
        Assert.StartsWith($"cloudsync_set: {name} is ", failure.Text);
        Assert.Contains(shown, failure.Text, StringComparison.OrdinalIgnoreCase);
        Assert.EndsWith($", it must be an integer from 0 to {maximum}", failure.Text);
        Assert.Null(database.Scalar(Stored, name));
        database.Exec("INSERT INTO t VALUES ('k', 1)");
    }

    [Theory]
    [InlineData("Payload_Max_CHUNK_size", "300000", "payload_max_chunk_size", "300000")]
    [InlineData("payload_max_chunk_size", "'300000'", "payload_max_chunk_size", "300000")]
    [InlineData("payload_max_chunk_size", "3e5", "payload_max_chunk_size", "300000")]
    [InlineData("payload_max_chunk_size", "0", "payload_max_chunk_size", "0")]
    [InlineData("send_dbversion", "9223372036854775807", "send_dbversion", "9223372036854775807")]
    [InlineData("skip_schema_hash_check", "1", "skip_schema_hash_check", "1")]
    [InlineData("schema", "'public'", "schema", "public")]
    public void Value_is_stored_as_text_when_it_fits(string name, string value, string storedName, string stored)
    {
        using Database database = Open();
        Assert.Null(database.Scalar($"SELECT cloudsync_set('{name}', {value})"));
        Assert.Equal([storedName, stored], database.Query("SELECT key, value FROM cloudsync_settings WHERE key = ?", name)[0]);
        database.Exec($"SELECT cloudsync_set('{name}', NULL)");
        Assert.Null(database.Scalar(Stored, name));
    }

    [Fact]
    public void Settings_of_a_file_are_read_and_removed_when_they_are_unknown_or_malformed()
    {
        using Database database = Open();
        database.Exec("INSERT INTO cloudsync_settings VALUES ('mine', 'x'), ('payload_max_chunk_size', 'abc'); INSERT INTO t VALUES ('k', 1)");
        Assert.Equal(1L, database.Scalar("SELECT count(*) FROM cloudsync_payload_chunks WHERE since_db_version = 0"));
        database.Exec("SELECT cloudsync_set('mine', NULL), cloudsync_set('payload_max_chunk_size', NULL), cloudsync_set('never there', NULL)");
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM cloudsync_settings WHERE key IN ('mine', 'payload_max_chunk_size')"));
    }

    [Fact]
    public void Any_key_is_taken_when_it_is_a_tables()
    {
        using Database database = Open();
        database.Exec("SELECT cloudsync_set_table('t', 'owner', 'abc'), cloudsync_set_column('t', 'a', 'note', 'x'), cloudsync_set(NULL, 'x')");
        Assert.Equal(2L, database.Scalar("SELECT count(*) FROM cloudsync_table_settings WHERE key IN ('owner', 'note')"));
    }
}
