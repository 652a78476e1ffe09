using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using ChunkSync.Sqlite;
using ChunkSync.Tests.Host;

namespace ChunkSync.Loaded.Tests;

/// <summary>The checks that only C, the linker's view, or the source text can make.</summary>
public partial class NativeTests
{
    /// <summary>The routines that are called, and the table that is filled for a managed host: both have every routine at the header's slot.</summary>
    [Theory]
    [InlineData("SqliteApi.cs")]
    [InlineData("SqliteRoutines.cs")]
    public void Slots_match_the_system_header_when_compiled(string file)
    {
        (string Name, int Slot)[] slots = file == "SqliteRoutines.cs"
            ? [.. SqliteRoutines.All]
            : [.. Slot().Matches(Repository.Read("src/ChunkSync/Sqlite/" + file))
                .Select(match => (match.Groups[2].Value, int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)))];
        Assert.True(slots.Length > 40, "no slots were found in " + file);
        Assert.Equal("", HeaderErrors(slots));

        // Two that are exchanged are found.
        (slots[3].Slot, slots[4].Slot) = (slots[4].Slot, slots[3].Slot);
        Assert.Contains("slot of " + slots[3].Name, HeaderErrors(slots), StringComparison.Ordinal);
    }

    [Fact]
    public void Host_checks_pass_when_run_by_a_c_program()
    {
        using CProgram program = new("host_test.c", "faulty_vfs.c");
        program.Run(checks: 14);
        program.RunOn(SqliteLibraries.Oldest, checks: 14);
        if (Share.IsWhole)
        {
            program.RunOn(SqliteLibraries.Newest, checks: 14);
        }
    }

    [Fact]
    public void Replica_is_whole_when_the_disk_fails_at_any_call()
    {
        using CProgram program = new("fault_test.c", "faulty_vfs.c");
        program.Run(checks: 12, program.FastFolder, Share.IsWhole ? "6" : "2");
    }

    [Fact]
    public void Idle_statements_show_nothing_that_is_gone_when_a_host_looks_at_them()
    {
        using CProgram program = new("bindings_test.c");
        program.Run(checks: 1);
    }

    [Fact]
    public void Forked_process_is_refused_when_its_parent_had_loaded_the_library()
    {
        using CProgram program = new("fork_test.c");
        program.Run(checks: 5);
    }

    /// <summary>What README.md says; a newer one would show that a function of a newer system is called by its newer name.</summary>
    [Fact]
    public void Library_asks_for_no_newer_glibc_than_the_readme_says()
    {
        if (!Repository.Library.Contains("linux-x64", StringComparison.Ordinal))
        {
            return;
        }

        (_, string output, _) = Repository.Run("objdump", "", "-T", Repository.Library + ".so");
        Version needed = GlibcVersion().Matches(output).Select(match => new Version(match.Groups[1].Value)).Max()!;
        Assert.Contains($"no symbol newer than glibc {needed}", Repository.Read("README.md"), StringComparison.Ordinal);
    }

    [Fact]
    public void Library_exports_only_its_entry_points_when_listed()
    {
        (_, string output, _) = Repository.Run("nm", "", "-D", "--defined-only", Repository.Library + ".so");
        string[] exported = [.. ExportedFunction().Matches(output).Select(match => match.Groups[1].Value)
            .Where(name => name != "DotNetRuntimeDebugHeader").Order(StringComparer.Ordinal)];
        Assert.Equal(["sqlite3_chunksync_init", "sqlite3_cloudsync_init", "sqlite3_extension_init"], exported);
    }

    [Fact]
    public void Library_cannot_be_unloaded_when_a_host_closes_it()
    {
        if (RuntimeInformation.IsOSPlatform(OSPlatform.Linux))
        {
            (_, string output, _) = Repository.Run("readelf", "", "-d", Repository.Library + ".so");
            Assert.Contains("NODELETE", output);
            Assert.Contains("STATIC_TLS", output);
        }
    }

    [Fact]
    public void Entry_points_are_guarded_when_sqlite_calls_them()
    {
        int checkedMethods = 0;
        foreach (string file in Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)))
        {
            string text = File.ReadAllText(file);
            foreach (Match method in UnmanagedMethod().Matches(text))
            {
                bool forwards = method.Groups[1].Value.Contains("=> Load(", StringComparison.Ordinal)
                    || method.Groups[1].Value.Contains("=> ResultCode.Ok;", StringComparison.Ordinal)
                    || method.Groups[1].Value.Contains("LZ4_", StringComparison.Ordinal);
                int next = text.IndexOf("[UnmanagedCallersOnly", method.Index + 1, StringComparison.Ordinal);
                string body = text[method.Index..(next < 0 ? text.Length : next)];
                int end = body.IndexOf("\n    }", StringComparison.Ordinal);
                int start = body.IndexOf('{');
                bool callsNothing = start >= 0 && start < end && !body[start..end].Contains('(');
                Assert.True(forwards || callsNothing || (body.Contains("try", StringComparison.Ordinal) && body.Contains("catch (Exception failure)", StringComparison.Ordinal)
                    && body.Contains("Guard.", StringComparison.Ordinal)), file + ": " + method.Value);
                checkedMethods++;
            }
        }

        Assert.True(checkedMethods > 15, "only " + checkedMethods + " entry points were found");
    }

    /// <summary>What the C compiler says of slots; empty when all are the header's.</summary>
    private static string HeaderErrors(IEnumerable<(string Name, int Slot)> slots)
    {
        string folder = Directory.CreateTempSubdirectory("chunksync-layout").FullName;
        try
        {
            File.WriteAllLines(Path.Combine(folder, "layout_slots.inc"), slots.Select(slot => $"SLOT({slot.Name}, {slot.Slot})"));
            (int code, _, string errors) = Repository.Run(
                "gcc", "", "-fsyntax-only", "-I", folder, Path.Combine(Repository.Root, "native", "layout_check.c"));
            return code == 0 ? "" : "failed: " + errors;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [GeneratedRegex(@"FieldOffset\(8 \* (\d+)\)\].*> (\w+);")]
    private static partial Regex Slot();

    [GeneratedRegex(@"GLIBC_([0-9.]+)")]
    private static partial Regex GlibcVersion();

    [GeneratedRegex(@" T (\w+)")]
    private static partial Regex ExportedFunction();

    [GeneratedRegex(@"\[UnmanagedCallersOnly\([^\n]*\n([^\n]*\n[^\n]*)")]
    private static partial Regex UnmanagedMethod();
}
