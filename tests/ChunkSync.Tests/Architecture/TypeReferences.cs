using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace ChunkSync.Tests.Architecture;

/// <summary>Which types of the engine mention which, read from the compiled assemblies: in signatures, fields, bases and in the code of
/// every method. A nested type, and what the compiler makes of a lambda, counts as the type around it.</summary>
internal sealed class TypeReferences
{
    private const string Root = "ChunkSync";
    private readonly HashSet<(string From, string To)> references = [];

    /// <summary>The pairs (from, to) of full names, without those of a type to itself.</summary>
    public IReadOnlySet<(string From, string To)> All => references;

    /// <summary>Every type that was read, by full name.</summary>
    public HashSet<string> Types { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads assemblies.</summary>
    public static TypeReferences Of(params IEnumerable<string> assemblies)
    {
        TypeReferences graph = new();
        foreach (string assembly in assemblies)
        {
            using FileStream file = File.OpenRead(assembly);
            using PEReader image = new(file);
            graph.Read(image);
        }

        graph.references.RemoveWhere(pair => pair.From == pair.To || !graph.Types.Contains(pair.To));
        return graph;
    }

    /// <summary>The folder of a type: its namespace without the root.</summary>
    public static string Folder(string type) => type[(Root.Length + 1)..type.LastIndexOf('.')].Replace('.', '/');

    private void Read(PEReader image)
    {
        MetadataReader reader = image.GetMetadataReader();
        foreach (TypeDefinitionHandle handle in reader.TypeDefinitions)
        {
            MentionCollector mentions = new(reader);
            string? name = mentions.OutermostName(handle);
            if (name?.StartsWith(Root + ".", StringComparison.Ordinal) != true)
            {
                continue;
            }

            Types.Add(name);
            AddType(reader, image, reader.GetTypeDefinition(handle), mentions);
            references.UnionWith(mentions.Found.Select(found => (name, found)));
        }
    }

    private static void AddType(MetadataReader reader, PEReader image, TypeDefinition type, MentionCollector mentions)
    {
        mentions.Add(type.BaseType);
        foreach (InterfaceImplementationHandle implementation in type.GetInterfaceImplementations())
        {
            mentions.Add(reader.GetInterfaceImplementation(implementation).Interface);
        }

        foreach (GenericParameterHandle parameter in type.GetGenericParameters())
        {
            AddConstraints(reader, parameter, mentions);
        }

        foreach (FieldDefinitionHandle field in type.GetFields())
        {
            reader.GetFieldDefinition(field).DecodeSignature(mentions, null);
        }

        foreach (MethodDefinitionHandle handle in type.GetMethods())
        {
            MethodDefinition method = reader.GetMethodDefinition(handle);
            method.DecodeSignature(mentions, null);
            foreach (GenericParameterHandle parameter in method.GetGenericParameters())
            {
                AddConstraints(reader, parameter, mentions);
            }

            if (method.RelativeVirtualAddress != 0)
            {
                AddBody(reader, image.GetMethodBody(method.RelativeVirtualAddress), mentions);
            }
        }
    }

    private static void AddConstraints(MetadataReader reader, GenericParameterHandle parameter, MentionCollector mentions)
    {
        foreach (GenericParameterConstraintHandle constraint in reader.GetGenericParameter(parameter).GetConstraints())
        {
            mentions.Add(reader.GetGenericParameterConstraint(constraint).Type);
        }
    }

    private static void AddBody(MetadataReader reader, MethodBodyBlock body, MentionCollector mentions)
    {
        if (!body.LocalSignature.IsNil)
        {
            reader.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(mentions, null);
        }

        foreach (ExceptionRegion region in body.ExceptionRegions.Where(region => region.Kind == ExceptionRegionKind.Catch))
        {
            mentions.Add(region.CatchType);
        }

        foreach (int token in CodeTokens.Of(body.GetILBytes()!))
        {
            mentions.Add(MetadataTokens.EntityHandle(token));
        }
    }
}
