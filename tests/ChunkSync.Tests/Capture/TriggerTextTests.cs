using ChunkSync.Capture;

namespace ChunkSync.Tests.Capture;

/// <summary>Which stored triggers count as capturing.</summary>
public sealed class TriggerTextTests
{
    private const string Head = "AFTER INSERT ON \"t\" FOR EACH ROW WHEN cloudsync_is_sync('t') = 0";
    private const string Body = "SELECT cloudsync_insert('t', NEW.\"id\");";

    [Theory]
    [InlineData(Body, true)]
    [InlineData("SELECT cloudsync_insert('t', NEW.\"id\", NEW.\"other\");", false)]
    [InlineData("INSERT INTO log VALUES (1);", false)]
    [InlineData("INSERT INTO cloudsync_log VALUES ('cloudsync_insert(');", false)]
    [InlineData("SELECT cloudsync_is_sync('t');", false)]
    [InlineData("select \"cloudsync_insert\" ('t', new.id);", true)]
    [InlineData("SELECT cloudsync_update(a, b, c) FROM x;", true)]
    public void Trigger_captures_when_its_body_calls_what_captures(string body, bool captures)
    {
        TriggerText wanted = new("cloudsync_after_insert_t", Head, "", Body);
        Assert.Equal(captures, wanted.CapturesLike($"CREATE TRIGGER \"cloudsync_after_insert_t\" {Head} BEGIN {body} END"));
    }
}
