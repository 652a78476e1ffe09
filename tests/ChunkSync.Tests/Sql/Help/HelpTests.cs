using ChunkSync.Hosting;
using ChunkSync.Sql.Help;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Sql.Help;

public class HelpTests
{
    [Fact]
    public void Help_lists_what_is_registered_when_it_is_compared_with_sqlite()
    {
        using Database database = Database.Open();
        Assert.Equal(
            database.Query("SELECT name || '/' || narg FROM pragma_function_list WHERE name LIKE 'cloudsync%' OR name LIKE 'chunksync%' ORDER BY 1").Select(row => row[0]),
            database.Query("SELECT name || '/' || arity FROM cloudsync_help WHERE kind <> 'table' ORDER BY 1").Select(row => row[0]));
        Assert.Equal(
            database.Query("SELECT name FROM pragma_module_list WHERE name LIKE 'cloudsync%' OR name LIKE 'chunksync%' ORDER BY 1").Select(row => row[0]),
            database.Query("SELECT name FROM cloudsync_help WHERE kind = 'table' ORDER BY 1").Select(row => row[0]));
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM cloudsync_help WHERE summary = '' OR example = ''"));
    }

    [Fact]
    public void Functions_have_the_arities_of_sqlite_sync_when_listed()
    {
        // name/arguments as pragma_function_list of sqlite-sync 1.1.4 shows them; network functions left out.
        string[] expected =
        [
            "cloudsync_begin_alter/1", "cloudsync_cleanup/1", "cloudsync_clear_filter/1", "cloudsync_col_value/3", "cloudsync_commit_alter/1",
            "cloudsync_db_version/0", "cloudsync_db_version_next/0", "cloudsync_db_version_next/1", "cloudsync_delete/-1",
            "cloudsync_disable/1", "cloudsync_enable/1", "cloudsync_init/1", "cloudsync_init/2", "cloudsync_init/3", "cloudsync_insert/-1",
            "cloudsync_is_enabled/1", "cloudsync_is_sync/1", "cloudsync_payload_apply/-1", "cloudsync_payload_blob_checked/5",
            "cloudsync_payload_decode/-1", "cloudsync_payload_encode/-1", "cloudsync_payload_load/1", "cloudsync_payload_save/1",
            "cloudsync_pk_decode/2", "cloudsync_pk_encode/-1", "cloudsync_schema/0", "cloudsync_seq/0", "cloudsync_set/2",
            "cloudsync_set_column/4", "cloudsync_set_filter/2", "cloudsync_set_schema/1", "cloudsync_set_table/3", "cloudsync_siteid/0",
            "cloudsync_table_schema/1", "cloudsync_terminate/0", "cloudsync_text_materialize/-1", "cloudsync_update/3", "cloudsync_uuid/0",
            "cloudsync_uuid_blob/1", "cloudsync_uuid_text/1", "cloudsync_uuid_text/2", "cloudsync_version/0",
        ];
        using Database database = Database.Open();
        object?[] actual = [.. database.Query("SELECT name || '/' || narg FROM pragma_function_list WHERE name LIKE 'cloudsync%'").Select(row => row[0])];
        foreach (string function in expected)
        {
            Assert.Contains(function, actual);
        }
    }

    [Fact]
    public void Reference_is_up_to_date_when_compared_with_the_definitions()
    {
        string path = Checkout.Find("docs/reference.md");
        if (Environment.GetEnvironmentVariable("CHUNKSYNC_WRITE_DOCS") != null)
        {
            File.WriteAllText(path, Reference.Markdown(Registration.Help));
        }

        Assert.Equal(Reference.Markdown(Registration.Help), File.ReadAllText(path));
    }
}
