using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace ChunkSync.Loaded.Tests;

/// <summary>The checks that only C, the linker's view, or the source text can make.</summary>
public partial class NativeTests
{
    [Fact]
    public void Slots_match_the_system_header_when_compiled()
    {
        string folder = Directory.CreateTempSubdirectory("chunksync-layout").FullName;
        try
        {
            string source = Repository.Read("src/ChunkSync/Sqlite/SqliteApi.cs");
            string[] slots = [.. Slot().Matches(source).Select(match => $"SLOT({match.Groups[2].Value}, {match.Groups[1].Value})")];
            Assert.True(slots.Length > 40, "no slots were found in SqliteApi.cs");
            File.WriteAllLines(Path.Combine(folder, "layout_slots.inc"), slots);
            (int code, _, string errors) = Repository.Run(
                "gcc", "", "-fsyntax-only", "-I", folder, Path.Combine(Repository.Root, "native", "layout_check.c"));
            Assert.True(code == 0, errors);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Host_checks_pass_when_run_by_a_c_program()
    {
        string program = Path.Combine(Path.GetTempPath(), "chunksync-host-" + Guid.NewGuid().ToString("N"));
        try
        {
            (int compiled, _, string errors) = Repository.Run(
                "gcc", "", "-O1", "-Wall", "-Werror", "-o", program, Path.Combine(Repository.Root, "native", "host_test.c"), "-lsqlite3", "-lpthread");
            Assert.True(compiled == 0, errors);
            (int code, string output, _) = Repository.Run(program, "", Repository.Library);
            Assert.True(code == 0, output);
            Assert.Equal(6, OkLine().Count(output));
        }
        finally
        {
            File.Delete(program);
        }
    }

    [Fact]
    public void Replica_is_whole_when_the_disk_fails_at_any_call()
    {
        string folder = Directory.CreateTempSubdirectory("chunksync-fault").FullName;
        try
        {
            string program = Path.Combine(folder, "fault_test");
            string native = Path.Combine(Repository.Root, "native");
            (int compiled, _, string errors) = Repository.Run("gcc", "", "-O1", "-Wall", "-Wextra", "-Werror", "-o", program,
                Path.Combine(native, "fault_test.c"), Path.Combine(native, "faulty_vfs.c"), "-lsqlite3");
            Assert.True(compiled == 0, errors);
            (int code, string output, _) = Repository.Run(program, "", Repository.Library, folder);
            Assert.True(code == 0, output);
            Assert.Equal(12, OkLine().Count(output));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
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
                    || method.Groups[1].Value.Contains("LZ4_", StringComparison.Ordinal);
                int next = text.IndexOf("[UnmanagedCallersOnly", method.Index + 1, StringComparison.Ordinal);
                string body = text[method.Index..(next < 0 ? text.Length : next)];
                Assert.True(forwards || (body.Contains("try", StringComparison.Ordinal) && body.Contains("catch (Exception failure)", StringComparison.Ordinal)
                    && body.Contains("Guard.", StringComparison.Ordinal)), file + ": " + method.Value);
                checkedMethods++;
            }
        }

        Assert.True(checkedMethods > 15, "only " + checkedMethods + " entry points were found");
    }

    [GeneratedRegex(@"FieldOffset\(8 \* (\d+)\)\].*> (\w+);")]
    private static partial Regex Slot();

    [GeneratedRegex("^ok ", RegexOptions.Multiline)]
    private static partial Regex OkLine();

    [GeneratedRegex(@" T (\w+)")]
    private static partial Regex ExportedFunction();

    [GeneratedRegex(@"\[UnmanagedCallersOnly\([^\n]*\n([^\n]*\n[^\n]*)")]
    private static partial Regex UnmanagedMethod();
}
