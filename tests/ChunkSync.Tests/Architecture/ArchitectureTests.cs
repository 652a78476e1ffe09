using System.Text.RegularExpressions;
using ChunkSync.Format;
using ChunkSync.Hosting;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Architecture;

/// <summary>The rules of ARCHITECTURE.md and CONTRIBUTING.md that a program can check. Each check is a function that says what is wrong, and each is
/// shown to find it.</summary>
public partial class ArchitectureTests
{
    private const int MaxFileLines = 400;
    private const int MaxFunctionLines = 70;

    /// <summary>A type outside of the binding that more files than this part mention holds the house together like a knot.</summary>
    private const int MaxPartOfFiles = 4;

    /// <summary>Folders of tests that belong to no folder of src: what tests are made of, and what is about the whole engine.</summary>
    private static readonly string[] OtherTestFolders =
        ["", "Architecture", "Consistency", "Damage", "Faults", "Histories", "Host", "Limits"];

    private static readonly string Page = File.ReadAllText(Checkout.Find("ARCHITECTURE.md"));
    private static readonly ArrowTable Table = ArrowTable.Parse(Page);
    private static readonly IReadOnlyList<SourceFile> Source = ReadSource();
    private static readonly TypeReferences References =
        TypeReferences.Of(typeof(ManagedHost).Assembly.Location, typeof(PayloadContainer).Assembly.Location);

    [Fact]
    public void Table_has_every_folder_of_src_when_read() =>
        Assert.Equal(Source.Select(file => file.Folder).Distinct().Order(StringComparer.Ordinal), Table.Folders.Order(StringComparer.Ordinal));

    [Fact]
    public void Files_import_only_what_the_table_allows() => FindsNothing(ForeignUsings(Table, Source));

    [Fact]
    public void Types_mention_only_what_the_table_allows() => FindsNothing(ForeignReferences(Table, References));

    [Fact]
    public void Arrows_of_the_table_are_used_and_have_no_cycle()
    {
        FindsNothing(UnusedArrows(Table, References, Source));
        Assert.Null(ArrowTable.Cycle(Table.Arrows));
    }

    [Fact]
    public void Format_lies_below_all_and_hosting_above_all()
    {
        Assert.DoesNotContain(Table.Arrows, arrow => arrow.From == "Format");
        Assert.Equal([("Client", "Hosting"), ("Extension", "Hosting")], Table.Arrows.Where(arrow => arrow.To == "Hosting").Order());
        Assert.Equal([("Tool", "Client")], Table.Arrows.Where(arrow => arrow.To is "Client" or "Extension" or "Tool"));
        Assert.DoesNotContain(Table.Arrows, arrow => arrow.To.StartsWith("Sql", StringComparison.Ordinal) && arrow.To != "Sqlite"
            && arrow.From is not ("Hosting" or "Sql/Backfill" or "Sql/Probe" or "Sql/Help" or "Sql/Diagnostics" or "Sql/Trees" or "Sql/Waiting" or "Sql"));
    }

    [Fact]
    public void No_type_is_mentioned_by_a_quarter_of_all_files() => FindsNothing(Knots(References));

    [Fact]
    public void Compiler_refuses_an_import_that_is_not_needed()
    {
        string rules = File.ReadAllText(Checkout.Find(".editorconfig"));
        string section = rules[rules.IndexOf("[src/{ChunkSync,ChunkSync.Client,ChunkSync.Format,ChunkSync.EntityFrameworkCore}/**.cs]", StringComparison.Ordinal)..];
        Assert.Contains("dotnet_diagnostic.IDE0005.severity = warning", section, StringComparison.Ordinal);
        string build = File.ReadAllText(Checkout.Find("Directory.Build.props"));
        Assert.Contains("<EnforceCodeStyleInBuild>true", build, StringComparison.Ordinal);
        Assert.Contains("<TreatWarningsAsErrors>true", build, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_and_functions_are_short() => FindsNothing(Source.SelectMany(LongParts));

    [Fact]
    public void Files_have_one_type_and_its_name_and_the_namespace_of_their_folder() => FindsNothing(Source.SelectMany(Misplaced));

    [Fact]
    public void Tests_lie_in_the_folder_of_what_they_test()
    {
        IReadOnlyList<SourceFile> tests = SourceFile.Below(Checkout.Find("tests/ChunkSync.Tests"));
        FindsNothing(HomelessFolders(tests.Select(file => file.Folder), Table.Folders));
        FindsNothing(tests.Where(file => file.Folder.Length > 0).Where(file => file.Namespace != "ChunkSync.Tests." + file.Folder.Replace('/', '.'))
            .Select(file => file.Path + " is in namespace " + file.Namespace));
    }

    /// <summary>Each check is given something that it must refuse.</summary>
    [Fact]
    public void Checks_find_what_is_wrong_when_it_is()
    {
        ArrowTable table = ArrowTable.Parse("| folder | what | uses |\n| --- | --- | --- |\n| `Format` | bytes | |\n| `Sqlite` | binding | `Format` |\n");
        Assert.Equal(["Format/A.cs imports ChunkSync.Sqlite"],
            ForeignUsings(table, [new SourceFile("Format/A.cs", "using System;\nusing ChunkSync.Sqlite;\nnamespace ChunkSync.Format;\n")]));
        Assert.Contains("ChunkSync.Hosting.Bootstrap mentions ChunkSync.Session.ForkedProcess", ForeignReferences(table, References));
        Assert.Contains("Sqlite -> Format is used by nothing", UnusedArrows(table, TypeReferences.Of(), []));
        Assert.Equal("A -> B -> C -> A", ArrowTable.Cycle([("A", "B"), ("B", "C"), ("C", "A"), ("C", "D")]));
        Assert.Throws<FormatException>(() => ArrowTable.Parse("| folder | what |\n"));
        Assert.Throws<FormatException>(() => ArrowTable.Parse("| folder | what | uses |\n| --- | --- | --- |\n| Format | bytes | |\n"));
        Assert.Contains(Knots(References, partOfFiles: 1000), line => line.StartsWith("ChunkSync.Catalog.", StringComparison.Ordinal));
        Assert.Equal(["Nowhere"], HomelessFolders(["Merge", "Host", "Nowhere"], ["Merge"]));
    }

    [Fact]
    public void Shape_checks_find_what_is_wrong_when_it_is()
    {
        string body = string.Concat(Enumerable.Repeat("        M();\n", MaxFunctionLines));
        string function = "    public void Long(\n        int argument)\n    {\n" + body + "    }\n";
        SourceFile file = new("Merge/Other.cs", "namespace ChunkSync.Merge;\n\npublic sealed class Some\n{\n" + function + "}\n\ninternal enum Kind\n{\n}\n");
        Assert.Equal(["Merge/Other.cs: a function of 74 lines: public void Long("], LongParts(file));
        Assert.Equal(["Merge/Other.cs declares Some, Kind", "Merge/Other.cs does not declare Other"], Misplaced(file));
        Assert.Equal(["Merge/A.cs has 401 lines", "Clock/A.cs is in namespace ChunkSync.Merge"],
            [.. LongParts(new SourceFile("Merge/A.cs", string.Concat(Enumerable.Repeat("\n", MaxFileLines + 1)))),
                .. Misplaced(new SourceFile("Clock/A.cs", "namespace ChunkSync.Merge;\ninternal readonly record struct A(int B);\n"))]);
        Assert.Empty(LongParts(new SourceFile("Merge/A.cs", function.Replace(body, body[..^130], StringComparison.Ordinal))));
    }

    /// <summary>Shows what was found.</summary>
    private static void FindsNothing(IEnumerable<string> wrong)
    {
        string[] lines = [.. wrong];
        Assert.True(lines.Length == 0, string.Join('\n', lines));
    }

    /// <summary>All files of src; a folder of the engine has its own name, those of the other projects the project's last one. The
    /// folders of the client and of the tool are for people: each is one namespace.</summary>
    private static IReadOnlyList<SourceFile> ReadSource()
    {
        (string Project, string Prefix)[] projects = [("ChunkSync", ""), ("ChunkSync.Format", "Format/"), ("ChunkSync.Extension", "Extension/")];
        return [.. projects.SelectMany(project => SourceFile.Below(Checkout.Find("src/" + project.Project))
            .Select(file => file.Under(project.Prefix))),
            .. SourceFile.Below(Checkout.Find("src/ChunkSync.Client")).Select(file => file.Directly("Client/")),
            .. SourceFile.Below(Checkout.Find("src/ChunkSync.Tool")).Select(file => file.Directly("Tool/"))];
    }

    private static IEnumerable<string> ForeignUsings(ArrowTable table, IEnumerable<SourceFile> files) =>
        from file in files
        from space in file.Usings
        where space.StartsWith("ChunkSync.", StringComparison.Ordinal) && !table.Allows(file.Folder, FolderOf(space, table))
        select $"{file.Path} imports {space}";

    private static IEnumerable<string> ForeignReferences(ArrowTable table, TypeReferences references) =>
        from pair in references.All
        where !table.Allows(TypeReferences.Folder(pair.From), TypeReferences.Folder(pair.To))
        orderby pair.From, pair.To
        select $"{pair.From} mentions {pair.To}";

    /// <summary>Arrows that nothing goes along: no reference, and no constant, which the compiler leaves no trace of. The project of the entry
    /// points is not loaded here: its imports count.</summary>
    private static IEnumerable<string> UnusedArrows(ArrowTable table, TypeReferences references, IReadOnlyList<SourceFile> files)
    {
        HashSet<(string, string)> used = [.. references.All.Select(pair => (TypeReferences.Folder(pair.From), TypeReferences.Folder(pair.To)))];
        ILookup<string, string> types = files.SelectMany(file => file.Types.Select(type => (file.Folder, type))).ToLookup(entry => entry.Folder, entry => entry.type);
        return table.Arrows.Where(arrow => !used.Contains(arrow) && !files.Any(file => file.Folder == arrow.From
                && file.Usings.Any(space => FolderOf(space, table) == arrow.To) && types[arrow.To].Any(file.Has)))
            .Select(arrow => $"{arrow.From} -> {arrow.To} is used by nothing");
    }

    private static IEnumerable<string> Knots(TypeReferences references, int partOfFiles = MaxPartOfFiles) =>
        from pair in references.All
        group pair by pair.To into mentions
        where TypeReferences.Folder(mentions.Key) != "Sqlite" && mentions.Count() * partOfFiles > references.Types.Count
        orderby mentions.Key
        select $"{mentions.Key} is mentioned by {mentions.Count()} of {references.Types.Count} types";

    private static IEnumerable<string> LongParts(SourceFile file)
    {
        if (file.LineCount > MaxFileLines)
        {
            yield return $"{file.Path} has {file.LineCount} lines";
        }

        foreach ((string name, int lines) in file.Functions().Where(function => function.Lines > MaxFunctionLines))
        {
            yield return $"{file.Path}: a function of {lines} lines: {name}";
        }
    }

    private static IEnumerable<string> Misplaced(SourceFile file)
    {
        string name = Path.GetFileNameWithoutExtension(file.Path);
        if (file.Types.Count > 1)
        {
            yield return $"{file.Path} declares {string.Join(", ", file.Types)}";
        }

        if (file.Types.Count > 0 && !file.Types.Contains(name))
        {
            yield return $"{file.Path} does not declare {name}";
        }

        if (file.Namespace.Length > 0 && file.Namespace != "ChunkSync." + file.Folder.Replace('/', '.'))
        {
            yield return $"{file.Path} is in namespace {file.Namespace}";
        }
    }

    private static IEnumerable<string> HomelessFolders(IEnumerable<string> testFolders, IEnumerable<string> sourceFolders) =>
        testFolders.Distinct().Except(OtherTestFolders).Except(sourceFolders);

    /// <summary>The folder of a namespace, or of a type that is imported statically.</summary>
    private static string FolderOf(string imported, ArrowTable table)
    {
        string folder = Prefix().Replace(imported, "").Replace('.', '/');
        return table.Folders.Contains(folder) || !folder.Contains('/', StringComparison.Ordinal) ? folder : folder[..folder.LastIndexOf('/')];
    }

    [GeneratedRegex(@"^ChunkSync\.")]
    private static partial Regex Prefix();
}
