using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tool.Tests;

/// <summary>Stores in which somebody has changed something, with all the SHA-256 and names that he can make right: the tool says in one line what is wrong, and has
/// changed nothing but what the chunks before it bring.</summary>
public sealed class HostileStoreTests(ITestOutputHelper output) : IDisposable
{
    private const string Place = "store";

    private static readonly Lazy<Task<(SortedDictionary<string, byte[]> Store, byte[] Empty)>> Made = new(MakeAsync);

    private readonly Workspace workspace = new();

    /// <summary>What is done to the head.</summary>
    public static TheoryData<string, string> Heads { get; } = new()
    {
        { "\0", "it is no such JSON (at $)" },
        { "null", "it is null" },
        { "[]", "it is no such JSON (at $)" },
        { "{}", "it is no such JSON (at $)" },
        { "{\"site\":{\"a\":[[[[[[[[[[[[]]]]]]]]]]]]}}", "it is no such JSON (at $.site)" },
        { "generation=0", "generation is 0" },
        { "generation=-9223372036854775808", "generation is -9223372036854775808" },
        { "generation=1e99", "it is no such JSON (at $.generation)" },
        { "generation=7", "" },
        { "last_part=\"../../etc/passwd\"", "last_part '../../etc/passwd' is no part of generation 2" },
        { "last_part=\"/etc/passwd\"", "last_part '/etc/passwd' is no part of generation 2" },
        { "last_part=\"m/../m/1-1-0123456789abcdef.json\"", "last_part 'm/../m/1-1-0123456789abcdef.json' is no part of generation 2" },
        { "last_part=\"m/3-1-0123456789abcdef.json\"", "last_part 'm/3-1-0123456789abcdef.json' is no part of generation 2" },
        { "last_part=\"m/99999999999999999999-1-0123456789abcdef.json\"", "last_part 'm/99999999999999999999-1-0123456789abcdef.json' is no part of generation 2" },
        { "last_part=\"m/2-1-0123456789abcdef.json\"", "it is missing" },
        { "last_part=\"m/1-1-0123456789abcdef.json\\n\"", "last_part 'm/1-1-0123456789abcdef.json\\n' is no part of generation 2" },
        { "last_part=null", "" },
        { "before=\"m/2-1-0123456789abcdef.json\"", "before 'm/2-1-0123456789abcdef.json' is no part of a generation before 2" },
        { "before=\"\\u001b[2J\"", "before '\\u001b[2J' is no part of a generation before 2" },
        { "site=\"x\"", "site 'x' is no site id" },
        { "site=null", "it is no such JSON (at $.site)" },
        { "since=-1", "since is -1" },
        { "since=40", "until 4 is less than since 40" },
        { "since=1", "" },
        { "until=9", "its cursor is 4.0.0, and its last part ends at 4.0.0" },
        { "cursor=\"3.0.0\"", "its cursor is 3.0.0, and its last part ends at 4.0.0" },
        { "cursor=\"0.0.0\"", "its cursor is 0.0.0, and its last part ends at 4.0.0" },
        { "cursor=\"9223372036854775808.0.0\"", "it is no such JSON (at $.cursor)" },
        { "cursor=4", "it is no such JSON (at $.cursor)" },
        { "complete=false", "its cursor is 4.0.0, and its last part ends at 4.0.0" },
        { "chunk_size=-1", "chunk_size is -1" },
        { "sites=\"all\"", "sites 'all' is none of own, only-HEX and but-HEX" },
        { "from=\"9.0.0\"", "from 9.0.0 does not fit since 3" },
        { "window_bytes=-1", "a number of bytes is negative" },
    };

    /// <summary>What is done to the second chunk of the first generation's part.</summary>
    public static TheoryData<string, string> Parts { get; } = new()
    {
        { "name=\"c/../../x\"", "chunk 1: its name is 'c/../../x', which is not that of a chunk from 2.0.0 with its SHA-256" },
        { "name=\"/etc/passwd\"", "chunk 1: its name is '/etc/passwd', which is not that of a chunk from 2.0.0 with its SHA-256" },
        { "name=null", "chunk 1: it has no name" },
        { "size=0", "chunk 1: its size is 0, not 1 to 67108864" },
        { "size=67108865", "chunk 1: its size is 67108865, not 1 to 67108864" },
        { "size=9223372036854775807", "chunk 1: its size is 9223372036854775807, not 1 to 67108864" },
        { "rows=-1", "chunk 1: it has -1 rows" },
        { "rows=4294967296", "chunk 1: it has 4294967296 rows" },
        { "sha256=\"../../../../../../../../../../../../../../../../../../../../../x\"", "is no SHA-256" },
        { "sha256=\"\"", "chunk 1: '' is no SHA-256" },
        { "sha256=null", "it is no such JSON" },
        { "from=\"1.9.9\"", "its name is" },
        { "from=\"9.0.0\"", "chunk 1: it begins at 9.0.0 and ends at 3.0.0" },
        { "next=\"9.0.0\"", "chunk 2: it begins at 3.0.0, where the one before ends at 9.0.0" },
        { "next=\"2.0.0\"", "chunk 1: it begins at 2.0.0 and ends at 2.0.0" },
        { "next=\"-1.0.0\"", "it is no such JSON" },
        { "is_final=true", "chunk 2: it stands behind a final one" },
        { "is_final=1", "it is no such JSON" },
        { "previous=\"m/1-1-0123456789abcdef.json\"", "previous 'm/1-1-0123456789abcdef.json' is no part before it" },
        { "previous=\"m/2-1-0123456789abcdef.json\"", "previous 'm/2-1-0123456789abcdef.json' is no part before it" },
        { "previous=\"../../../x\"", "previous '../../../x' is no part before it" },
        { "chunks=[]", "it has 0 chunks, not 1 to 64" },
        { "chunks=[null]", "chunk 0 is null" },
        { "chunks=null", "it is no such JSON (at $.chunks)" },
        { "chunks=65", "it has 65 chunks, not 1 to 64" },
        { "chunks=100000", "it has more than 65536 bytes" },
    };

    [Theory]
    [MemberData(nameof(Heads))]
    public async Task Head_is_refused_when_it_was_changed(string change, string cause)
    {
        string copy = await ExportAsync();
        string path = At("head.json");
        if (change.Contains('=', StringComparison.Ordinal))
        {
            JsonObject head = Read(path);
            Set(head, change);
            await File.WriteAllTextAsync(path, head.ToJsonString());
        }
        else
        {
            await File.WriteAllTextAsync(path, change);
        }

        if (cause.Length > 0)
        {
            await RefusedAsync(copy, cause, rows: 0);
            return;
        }

        // What the head alone says is not more than its own word: it may be taken, or not, and nothing breaks.
        ToolRun run = await Tool.RunAsync("apply", copy, workspace.At(Place));
        Assert.Contains((ExitCode)run.Code, (ExitCode[])[ExitCode.Done, ExitCode.Refused]);
    }

    [Fact]
    public async Task Head_is_refused_when_it_is_long()
    {
        string copy = await ExportAsync();
        await File.WriteAllTextAsync(At("head.json"), new string(' ', 100_000) + "{}");
        await RefusedAsync(copy, "it has more than 65536 bytes", rows: 0);
    }

    [Theory]
    [MemberData(nameof(Parts))]
    public async Task Part_is_refused_when_it_was_changed_and_named_anew(string change, string cause)
    {
        string copy = await ExportAsync();
        JsonObject head = Read(At("head.json")), last = Read(At((string)head["last_part"]!)), part = Read(At((string)last["previous"]!));
        JsonArray chunks = part["chunks"]!.AsArray();
        if (change.StartsWith("chunks=", StringComparison.Ordinal) && int.TryParse(change["chunks=".Length..], CultureInfo.InvariantCulture, out int count))
        {
            part["chunks"] = new JsonArray([.. Enumerable.Range(0, count).Select(_ => chunks[0]!.DeepClone())]);
        }
        else
        {
            Set(change.StartsWith("previous", StringComparison.Ordinal) || change.StartsWith("chunks", StringComparison.Ordinal) ? part : chunks[1]!.AsObject(), change);
        }

        last["previous"] = Write(part, 1);
        head["before"] = last["previous"]!.DeepClone();
        head["last_part"] = Write(last, 2);
        await File.WriteAllTextAsync(At("head.json"), head.ToJsonString());
        await RefusedAsync(copy, cause, rows: 0);
    }

    [Fact]
    public async Task Part_is_refused_when_its_bytes_are_not_those_of_its_name()
    {
        string copy = await ExportAsync();
        string part = At((string)Read(At("head.json"))["last_part"]!);
        await File.AppendAllTextAsync(part, " ");
        await RefusedAsync(copy, "its bytes are not those that its name promises", rows: 0);
    }

    [Fact]
    public async Task Part_is_refused_when_it_does_not_join_the_next()
    {
        string copy = await ExportAsync();
        JsonObject head = Read(At("head.json")), last = Read(At((string)head["last_part"]!));
        last["chunks"]!.AsArray()[0]!["from"] = "3.5.0";
        last["chunks"]!.AsArray()[0]!["name"] = StoreNames.Chunk(new(3, 5, 0), (string)last["chunks"]![0]!["sha256"]!);
        (head["last_part"], head["since"], head["from"]) = (Write(last, 2), 2, "3.5.0");
        await File.WriteAllTextAsync(At("head.json"), head.ToJsonString());
        await RefusedAsync(copy, "it ends at 4.0.0, and the part behind it begins at 3.5.0", rows: 0);
    }

    [Theory]
    [InlineData("missing", "it is missing")]
    [InlineData("shorter", "it has 9 bytes, not")]
    [InlineData("longer", "it has more than")]
    [InlineData("changed", "its SHA-256 is not the manifest's: it was changed")]
    [InlineData("folder", "")]
    public async Task Chunk_is_refused_when_it_was_changed_and_those_before_it_stay(string change, string cause)
    {
        string copy = await ExportAsync();
        string third = Directory.GetFiles(At("c")).Order(StringComparer.Ordinal).ElementAt(2);
        byte[] bytes = await File.ReadAllBytesAsync(third);
        File.Delete(third);
        bytes[^1] ^= change == "changed" ? (byte)1 : (byte)0;
        if (change == "folder")
        {
            Directory.CreateDirectory(third);
        }
        else if (change != "missing")
        {
            await File.WriteAllBytesAsync(third, change == "shorter" ? bytes[..9] : change == "longer" ? [.. bytes, 1] : bytes);
        }

        await RefusedAsync(copy, cause, rows: 0, "--one-transaction");
        await RefusedAsync(copy, cause, rows: 0, "--dry-run");
        await RefusedAsync(copy, cause, rows: 2);
        await RefusedAsync(copy, cause, rows: 2, "--receive");
    }

    /// <summary>The bytes of another chunk, with right names everywhere: only who receives can see that they do not belong there.</summary>
    [Fact]
    public async Task Chunk_is_refused_by_receive_when_it_is_that_of_another_place()
    {
        string copy = await ExportAsync();
        JsonObject head = Read(At("head.json")), last = Read(At((string)head["last_part"]!)), part = Read(At((string)last["previous"]!));
        JsonObject second = part["chunks"]![1]!.AsObject(), third = part["chunks"]![2]!.AsObject();
        byte[] bytes = await File.ReadAllBytesAsync(At((string)third["name"]!));
        string sha256 = StoreNames.Hash(bytes);
        (second["sha256"], second["size"], second["name"]) = (sha256, bytes.Length, StoreNames.Chunk(new(2, 0, 0), sha256));
        await File.WriteAllBytesAsync(At((string)second["name"]!), bytes);
        last["previous"] = Write(part, 1);
        (head["before"], head["last_part"]) = (last["previous"]!.DeepClone(), Write(last, 2));
        await File.WriteAllTextAsync(At("head.json"), head.ToJsonString());
        await RefusedAsync(copy, "", rows: 1, "--receive");
    }

    [Fact]
    public async Task Payload_is_refused_when_its_names_are_right_and_its_bytes_are_none()
    {
        string copy = await ExportAsync();
        JsonObject head = Read(At("head.json")), last = Read(At((string)head["last_part"]!)), part = Read(At((string)last["previous"]!));
        byte[] bytes = Encoding.UTF8.GetBytes("this is no payload");
        JsonObject second = part["chunks"]![1]!.AsObject();
        string sha256 = StoreNames.Hash(bytes);
        (second["sha256"], second["size"], second["name"]) = (sha256, bytes.Length, StoreNames.Chunk(new(2, 0, 0), sha256));
        await File.WriteAllBytesAsync(At((string)second["name"]!), bytes);
        last["previous"] = Write(part, 1);
        (head["before"], head["last_part"]) = (last["previous"]!.DeepClone(), Write(last, 2));
        await File.WriteAllTextAsync(At("head.json"), head.ToJsonString());
        await RefusedAsync(copy, "", rows: 0, "--dry-run");
        await RefusedAsync(copy, "", rows: 1);
    }

    [Fact, Soak("store-mutations", Weight = 0.5)]
    public async Task Export_is_refused_or_unharmed_when_bytes_of_it_were_changed()
    {
        (SortedDictionary<string, byte[]> store, byte[] empty) = await Made.Value;
        string[] names = [.. store.Keys];
        using Effort effort = Effort.Start("store-mutations", output, sample: 20);
        while (effort.Next("stores"))
        {
            string copy = await ExportAsync();
            for (int change = effort.Random.Next(1, 4); change > 0; change--)
            {
                string name = names[effort.Random.Next(names.Length)], other = names[effort.Random.Next(names.Length)];
                byte[]? bytes = Mutated(effort.Random, store[name], store[other]);
                File.Delete(At(name));
                if (bytes != null)
                {
                    await File.WriteAllBytesAsync(At(name), bytes);
                }
            }

            ToolRun run = await Tool.RunAsync(["apply", copy, workspace.At(Place), .. effort.Random.Next(2) == 0 ? (string[])["--receive"] : []]);
            effort.Add(run.Code == 0 ? "taken" : "refused", 1);
            Assert.Contains((ExitCode)run.Code, (ExitCode[])[ExitCode.Done, ExitCode.Refused, ExitCode.InputOutput]);
            Assert.Equal(run.Code == 0 ? 0 : 1, run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
            string rows = Workspace.Text(copy, "SELECT group_concat(id, '') FROM (SELECT id FROM notes ORDER BY id)");
            Assert.Contains(rows, (string[])["", "a1", "a1b1", "a1b1c1", "a1b1c1d1"]);
            Assert.Equal("ok", Workspace.Text(copy, "PRAGMA integrity_check"));
            Directory.Delete(workspace.At(Place), recursive: true);
            await File.WriteAllBytesAsync(copy, empty);
        }
    }

    public void Dispose() => workspace.Dispose();

    /// <summary>What heads and parts are made of.</summary>
    private static ReadOnlySpan<byte> Letters => "0123456789\"{}[]:,./-"u8;

    private static byte[]? Mutated(Random random, byte[] bytes, byte[] other)
    {
        byte[] changed = [.. bytes];
        int at = random.Next(bytes.Length);
        switch (random.Next(6))
        {
            case 0:
                return null;
            case 1:
                return other;
            case 2:
                return changed[..at];
            case 3:
                return [.. changed, (byte)random.Next(256)];
            case 4:
                changed[at] = Letters[random.Next(Letters.Length)];
                return changed;
            default:
                changed[at] ^= (byte)(1 << random.Next(8));
                return changed;
        }
    }

    private static JsonObject Read(string path) => JsonNode.Parse(File.ReadAllText(path))!.AsObject();

    private static void Set(JsonObject target, string change)
    {
        string[] parts = change.Split('=', 2);
        target[parts[0]] = JsonNode.Parse(parts[1]);
    }

    private string At(string name) => Path.Combine(workspace.At(Place), name);

    /// <summary>A store of two generations: three chunks of one row each, and one of a row. Gives an empty database that may take it.</summary>
    private async Task<string> ExportAsync()
    {
        (SortedDictionary<string, byte[]> store, byte[] empty) = await Made.Value;
        foreach ((string name, byte[] bytes) in store)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
            await File.WriteAllBytesAsync(At(name), bytes);
        }

        await File.WriteAllBytesAsync(workspace.At("copy.db"), empty);
        return workspace.At("copy.db");
    }

    private static async Task<(SortedDictionary<string, byte[]> Store, byte[] Empty)> MakeAsync()
    {
        using Workspace workspace = new();
        string path = workspace.Shop("shop.db", Streams.Fill(1, "a"), Streams.Fill(1, "b"), Streams.Fill(1, "c")), place = workspace.At(Place);
        (await Tool.RunAsync("chunks", path, "--out", place, "--chunk-size", "256K")).Expect(ExitCode.Done);
        Workspace.Run(path, Streams.Fill(1, "d"));
        (await Tool.RunAsync("chunks", path, "--out", place)).Expect(ExitCode.Done);
        Assert.Equal(4, Directory.GetFiles(Path.Combine(place, "c")).Length);
        return (Streams.Files(place), await File.ReadAllBytesAsync(workspace.Shop("copy.db")));
    }

    private string Write(JsonObject part, long generation)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(part.ToJsonString());
        string name = StoreNames.Part(new PartPlace(generation, 1), StoreNames.Hash(bytes));
        File.WriteAllBytes(At(name), bytes);
        return name;
    }

    private async Task RefusedAsync(string copy, string cause, int rows, params string[] options)
    {
        ToolRun run = await Tool.RunAsync(["apply", copy, workspace.At(Place), .. options]);
        Assert.Contains((ExitCode)run.Code, (ExitCode[])[ExitCode.Refused, ExitCode.InputOutput]);
        Assert.Equal("", run.Output);
        Assert.Matches(@"\Achunksync: [^\n]+\n\z", run.Error);
        Assert.Contains(cause, run.Error, StringComparison.Ordinal);
        Assert.Equal($"{rows}", Workspace.Text(copy, "SELECT count(*) FROM notes"));
        Assert.Equal("ok", Workspace.Text(copy, "PRAGMA integrity_check"));
    }
}
