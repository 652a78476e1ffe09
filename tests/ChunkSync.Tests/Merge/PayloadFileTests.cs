using System.Runtime.InteropServices;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

public sealed partial class PayloadFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("chunksync-test-").FullName;
    private readonly Database database = Database.Open();

    public PayloadFileTests()
    {
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('k', zeroblob(5000000))");
    }

    public void Dispose()
    {
        database.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Rows_arrive_when_a_saved_file_is_loaded()
    {
        long size = Save("a.bin");
        Assert.Equal(size, new FileInfo(At("a.bin")).Length);
        using Database other = Database.Open();
        other.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t')");
        Assert.Equal(1L, other.Scalar("SELECT cloudsync_payload_load(?)", At("a.bin")));
        Assert.Equal(5_000_000L, other.Scalar("SELECT length(a) FROM t"));
        Assert.Equal([At("a.bin")], Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void File_is_always_whole_when_it_is_saved_again_and_again()
    {
        database.Exec("UPDATE t SET a = randomblob(500000)");
        long size = Save("a.bin");
        bool done = false;
        int looks = 0;
        string? torn = null;
        Thread watcher = new(() =>
        {
            while (!Volatile.Read(ref done))
            {
                FileInfo seen = new(At("a.bin"));
                torn ??= !seen.Exists ? "it was not there" : seen.Length != size ? $"it had {seen.Length} bytes" : null;
                looks++;
            }
        });
        watcher.Start();
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal(size, Save("a.bin"));
        }

        Volatile.Write(ref done, true);
        watcher.Join();
        Assert.Null(torn);
        Assert.True(looks > 0);
    }

    [Fact]
    public void Older_file_stays_when_there_is_nothing_to_send()
    {
        File.WriteAllText(At("a.bin"), "not sent yet");
        database.Exec("SELECT cloudsync_set('send_dbversion', cloudsync_db_version())");
        Assert.Equal(0L, Save("a.bin"));
        Assert.Equal("not sent yet", File.ReadAllText(At("a.bin")));
        Assert.Equal(0L, Save("b.bin"));
        Assert.False(File.Exists(At("b.bin")));
    }

    [Fact]
    public void Permissions_stay_when_a_file_is_replaced()
    {
        File.WriteAllText(At("a.bin"), "old");
        const UnixFileMode Mine = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        File.SetUnixFileMode(At("a.bin"), Mine);
        Save("a.bin");
        Assert.Equal(Mine, File.GetUnixFileMode(At("a.bin")));
    }

    [Fact]
    public void Link_is_replaced_when_the_path_is_one()
    {
        File.WriteAllText(At("elsewhere.bin"), "somebody else's");
        File.CreateSymbolicLink(At("a.bin"), At("elsewhere.bin"));
        Save("a.bin");
        Assert.Null(new FileInfo(At("a.bin")).LinkTarget);
        Assert.Equal("somebody else's", File.ReadAllText(At("elsewhere.bin")));

        File.CreateSymbolicLink(At("b.bin"), At("nowhere.bin"));
        Save("b.bin");
        Assert.False(File.Exists(At("nowhere.bin")));
    }

    [Theory]
    [InlineData("none/a.bin", "the folder does not exist")]
    [InlineData("", "the path is empty")]
    [InlineData(".", "it is a folder")]
    public void Cause_is_named_when_a_file_cannot_be_written(string name, string cause)
    {
        string path = name.Length == 0 ? "" : At(name);
        SqlException failure = Assert.Throws<SqlException>(() => database.Scalar("SELECT cloudsync_payload_save(?)", path));
        Assert.Equal((10, $"Unable to write payload to file path '{path}': {cause}"), (failure.Code, failure.Text));
        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void Nothing_is_left_when_the_name_is_too_long()
    {
        string path = At(new string('x', 300));
        SqlException failure = Assert.Throws<SqlException>(() => database.Scalar("SELECT cloudsync_payload_save(?)", path));
        Assert.StartsWith("Unable to write payload to file path '", failure.Text);
        if (!OperatingSystem.IsWindows())
        {
            // Windows takes paths of this length, and only says that there is no such name.
            Assert.EndsWith(": the path is too long", failure.Text);
        }

        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }

    [Theory]
    [InlineData("none/a.bin", 10, "Unable to read payload from file path. '{0}': the folder does not exist")]
    [InlineData("a.bin", 10, "Unable to read payload from file path. '{0}': there is no such file")]
    [InlineData(".", 10, "Unable to read payload from file path. '{0}': it is a folder")]
    [InlineData("empty.bin", 21, "Error on cloudsync_payload_apply: invalid payload length")]
    public void Cause_is_named_when_a_file_cannot_be_read(string name, int code, string text)
    {
        File.WriteAllText(At("empty.bin"), "");
        SqlException failure = Assert.Throws<SqlException>(() => database.Scalar("SELECT cloudsync_payload_load(?)", At(name)));
        Assert.Equal((code, text.Replace("{0}", At(name), StringComparison.Ordinal)), (failure.Code, failure.Text));
    }

    [Fact]
    public void Pipes_and_devices_are_refused_when_they_are_given_as_files()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const uint OwnerOnly = 0x180;
        Assert.Equal(0, MakePipe(At("pipe"), OwnerOnly));
        SqlException save = Assert.Throws<SqlException>(() => database.Scalar("SELECT cloudsync_payload_save(?)", At("pipe")));
        Assert.Equal($"Unable to write payload to file path '{At("pipe")}': it is not a regular file", save.Text);
        foreach (string path in (string[])[At("pipe"), "/dev/null"])
        {
            SqlException load = Assert.Throws<SqlException>(() => database.Scalar("SELECT cloudsync_payload_load(?)", path));
            Assert.Equal($"Unable to read payload from file path. '{path}': it is not a regular file", load.Text);
        }

        Assert.Equal([At("pipe")], Directory.GetFileSystemEntries(folder));
    }

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakePipe(string path, uint mode);

    private string At(string name) => name == "." ? folder : Path.Combine(folder, name);

    private long Save(string name) => (long)database.Scalar("SELECT cloudsync_payload_save(?)", At(name))!;
}
