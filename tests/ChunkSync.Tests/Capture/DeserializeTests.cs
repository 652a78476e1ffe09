using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Capture;

/// <summary><c>sqlite3_deserialize</c> puts another database in the place of a connection's <c>main</c>. SQLite itself ends the process when
/// a table-valued function that was used before is used again right behind it; a call of a function of ours in between mends that for our
/// tables and for pragmas.</summary>
public sealed unsafe class DeserializeTests : IDisposable
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t');";
    private const string Changes = "SELECT cloudsync_pk_decode(pk, 1), col_value, db_version, site_id = cloudsync_siteid() FROM cloudsync_changes";
    private const string Chunks = "SELECT sum(rows), max(db_version_max) FROM cloudsync_payload_chunks WHERE since_db_version = 0";

    private readonly Database live = Database.Open();
    private readonly Database other = Database.Open();
    private readonly IDisposable pause;

    public DeserializeTests()
    {
        pause = live.PauseChecks();
        live.Exec(Schema + "INSERT INTO t VALUES ('live', 1)");
        other.Exec(Schema + "INSERT INTO t VALUES ('one', 1); INSERT INTO t VALUES ('two', 2); INSERT INTO t VALUES ('three', 3)");
        Assert.Equal(live.Scalar("PRAGMA schema_version"), other.Scalar("PRAGMA schema_version"));
    }

    public void Dispose()
    {
        pause.Dispose();
        live.Dispose();
        other.Dispose();
    }

    [SerializeFact]
    public void Site_and_versions_are_the_new_databases_when_one_is_deserialized()
    {
        UseEverything(live);
        Replace(live, other);
        Assert.Equal(other.Scalar("SELECT cloudsync_siteid()"), live.Scalar("SELECT cloudsync_siteid()"));
        Assert.Equal([3L, 3L], live.Query(Chunks)[0]);
        UseEverything(live);
        live.Exec("INSERT INTO t VALUES ('four', 4)");
        Assert.Equal(6L, live.Scalar("SELECT cloudsync_db_version()"));
        Assert.Equal(["four", 4L, 6L, 1L], live.Query(Changes)[3]);
    }

    [SerializeFact]
    public void Write_is_the_new_databases_when_it_comes_first()
    {
        UseEverything(live);
        Replace(live, other);
        live.Exec("INSERT INTO t VALUES ('four', 4)");
        Assert.Equal(["four", 4L, 4L, 1L], live.Query(Changes)[3]);
        Assert.Equal(other.Scalar("SELECT cloudsync_siteid()"), live.Scalar("SELECT cloudsync_siteid()"));
    }

    [SerializeFact]
    public void Apply_is_the_new_databases_when_it_comes_first()
    {
        using Database sender = Database.Open();
        sender.Exec(Schema + "INSERT INTO t VALUES ('sent', 9)");
        object payload = sender.Scalar("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0")!;
        UseEverything(live);
        Replace(live, other);
        Assert.Equal(1L, live.Scalar("SELECT cloudsync_payload_apply(?)", payload));
        Assert.Equal(["sent", 9L, 4L, 0L], live.Query(Changes)[3]);
        Assert.Equal(other.Scalar("SELECT cloudsync_siteid()"), live.Scalar("SELECT cloudsync_siteid()"));
    }

    [SerializeFact]
    public void Page_is_the_new_databases_when_the_table_was_not_used_before()
    {
        live.Scalar("SELECT cloudsync_db_version()");
        Replace(live, other);
        Assert.Equal([3L, 3L], live.Query(Chunks)[0]);
        Assert.Equal(1L, live.Scalar("SELECT count(DISTINCT site_id) FROM cloudsync_changes WHERE site_id = ?", other.Scalar("SELECT cloudsync_siteid()")));
    }

    [SerializeFact]
    public void Versions_go_on_when_the_image_is_a_later_one_of_the_same_database()
    {
        UseEverything(live);
        using Database later = Database.Open();
        Replace(later, live);
        later.Exec("INSERT INTO t VALUES ('later', 2); UPDATE t SET a = 3");
        Assert.Equal(5L, later.Scalar("SELECT cloudsync_db_version()"));
        Replace(live, later);
        live.Exec("INSERT INTO t VALUES ('after', 4)");
        Assert.Equal(6L, live.Scalar("SELECT cloudsync_db_version()"));
    }

    [SerializeFact]
    public void Last_image_counts_when_several_follow_each_other()
    {
        using Database third = Database.Open();
        third.Exec(Schema + "INSERT INTO t VALUES ('third', 1)");
        live.Scalar("SELECT cloudsync_siteid()");
        foreach (Database image in (Database[])[other, third, other, third])
        {
            Replace(live, image);
        }

        Assert.Equal(third.Scalar("SELECT cloudsync_siteid()"), live.Scalar("SELECT cloudsync_siteid()"));
        live.Exec("INSERT INTO t VALUES ('x', 1)");
        Assert.Equal(2L, live.Scalar("SELECT cloudsync_db_version()"));
    }

    [SerializeFact]
    public void Nothing_is_tracked_when_the_new_database_is_an_ordinary_one()
    {
        using Database plain = Database.Open();
        plain.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); INSERT INTO t VALUES ('p', 1)");
        UseEverything(live);
        Replace(live, plain);
        Assert.Equal(new byte[16], live.Scalar("SELECT cloudsync_siteid()"));
        Assert.Throws<SqlException>(() => live.Scalar("SELECT cloudsync_db_version()"));
        live.Exec("SELECT cloudsync_init('t')");
        Assert.Equal(["p", 1L, 1L, 1L], live.Query(Changes)[0]);
    }

    private static void UseEverything(Database database)
    {
        database.Query(Changes);
        database.Query(Chunks);
        database.Query("SELECT * FROM cloudsync_receive_gaps");
        database.Query("SELECT * FROM cloudsync_help");
        database.Query("SELECT * FROM pragma_table_info('t')");
        database.Exec("SELECT cloudsync_init('t'); UPDATE t SET a = a + 1; UPDATE t SET a = a - 1");
    }

    private static void Replace(Database target, Database source)
    {
        const uint FreeOnClose = 1;
        const uint Resizeable = 2;
        long size;
        byte* image = NativeSqlite.Serialize(source.Handle, "main", &size, 0);
        Assert.True(image != null);
        Assert.Equal(0, NativeSqlite.Deserialize(target.Handle, "main", image, size, size, FreeOnClose | Resizeable));
    }
}
