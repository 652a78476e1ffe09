using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace ChunkSync.Loaded.Tests;

/// <summary>The checks of the engine (<c>Check.That</c>) are in the assemblies that tests run, and cost the built library nothing.</summary>
public class CheckTests
{
    [Theory]
    [InlineData("ChunkSync.Format")]
    [InlineData("ChunkSync")]
    public void Checks_are_called_by_what_is_tested_and_not_by_what_is_released(string name)
    {
        Assert.True(HasChecks(Path.Combine(AppContext.BaseDirectory, name + ".dll")), name + " is tested without its checks");
        string released = Path.Combine(Repository.Root, "src", name, "bin", "Release", "net9.0", name + ".dll");
        Assert.True(File.Exists(released), released + " is not there: ./build.sh makes it");
        Assert.False(HasChecks(released), name + " is released with its checks");
    }

    /// <summary>Whether anything in an assembly calls the method.</summary>
    private static bool HasChecks(string path)
    {
        using PEReader image = new(File.OpenRead(path));
        MetadataReader reader = image.GetMetadataReader();
        bool isCalledAcross = reader.MemberReferences.Select(reader.GetMemberReference).Any(member => reader.GetString(member.Name) == "That"
            && member.Parent.Kind == HandleKind.TypeReference
            && reader.GetString(reader.GetTypeReference((TypeReferenceHandle)member.Parent).Name) == "Check");

        // Inside its own assembly a call names no reference; but every check has the text of its condition.
        bool hasText = false;
        for (UserStringHandle handle = MetadataTokens.UserStringHandle(1); !handle.IsNil; handle = reader.GetNextHandle(handle))
        {
            hasText |= reader.GetUserString(handle) == "length >= 0 && (data != null || length == 0)";
        }

        return isCalledAcross || hasText;
    }
}
