using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Kiln.Protocol.Shapes;

/// <summary>Builds shapes from CLR types.</summary>
internal static class ClrShape
{
    private static readonly Dictionary<Type, ShapeKind> Scalars = new()
    {
        [typeof(string)] = ShapeKind.String,
        [typeof(bool)] = ShapeKind.Boolean,
        [typeof(int)] = ShapeKind.Integer,
        [typeof(long)] = ShapeKind.Long,
        [typeof(float)] = ShapeKind.Float,
        [typeof(double)] = ShapeKind.Double,
        [typeof(DateTimeOffset)] = ShapeKind.Timestamp,
        [typeof(ReadOnlyMemory<byte>)] = ShapeKind.Blob,
        [typeof(byte[])] = ShapeKind.Blob,
        [typeof(JsonElement)] = ShapeKind.Document,
    };

    public static Type ScalarType(ShapeKind kind) =>
        Scalars.Where(s => s.Value == kind).Select(s => s.Key).FirstOrDefault()
        ?? throw new NotSupportedException($"{kind} is not a scalar that can be described.");

    public static Shape Build(Type type)
    {
        if (Scalars.TryGetValue(type, out var kind)) return new Shape(kind, type.Name, type);
        if (type.IsEnum) return new Shape(ShapeKind.Enum, type.Name, type) { Enum = EnumTable.Of(type) };
        if (type.IsGenericType)
        {
            var definition = type.GetGenericTypeDefinition();
            var arguments = type.GetGenericArguments();
            if (definition == typeof(IReadOnlyList<>)) return List(type, arguments[0]);
            if (definition == typeof(IReadOnlyDictionary<,>) && arguments[0] == typeof(string))
                return Map(type, arguments[1]);
        }

        if (type.IsAbstract || type.IsPrimitive || type.IsArray
            || type.Namespace?.StartsWith("System", StringComparison.Ordinal) == true)
            throw new NotSupportedException($"{type} cannot travel on a wire; use a record, a list or a scalar.");
        return Structure(type);
    }

    private static Shape List(Type type, Type element) => new(ShapeKind.List, type.Name, type)
    {
        LazyElement = new Lazy<Shape>(() => Shape.Of(element)),
        CreateList = typeof(ClrShape).GetMethod(nameof(ToArray), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(element).CreateDelegate<Func<List<object?>, object>>(),
    };

    private static Shape Map(Type type, Type element) => new(ShapeKind.Map, type.Name, type)
    {
        LazyElement = new Lazy<Shape>(() => Shape.Of(element)),
        CreateMap = typeof(ClrShape).GetMethod(nameof(ToDictionary), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(element).CreateDelegate<Func<Dictionary<string, object?>, object>>(),
    };

    private static object ToArray<T>(List<object?> items)
    {
        var array = new T[items.Count];
        for (var i = 0; i < array.Length; i++) array[i] = (T)items[i]!;
        return array;
    }

    private static object ToDictionary<T>(Dictionary<string, object?> entries)
    {
        var map = new Dictionary<string, T>(entries.Count);
        foreach (var (key, value) in entries) map.Add(key, (T)value!);
        return map;
    }

    private static Shape Structure(Type type)
    {
        var constructor = type.GetConstructors()
            .Where(c => c.GetParameters() is not [{ } only] || only.ParameterType != type)
            .MaxBy(c => c.GetParameters().Length);
        var parameters = constructor?.GetParameters() ?? [];
        var nullability = new NullabilityInfoContext();
        var members = new List<Member>();
        var setters = new List<MethodInvoker?>();
        var positions = new int[parameters.Length];
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.GetIndexParameters().Length > 0 || property.GetMethod is null) continue;
            var parameter = parameters.FirstOrDefault(p =>
                p.Name!.Equals(property.Name, StringComparison.OrdinalIgnoreCase)
                    && p.ParameterType == property.PropertyType);
            if (parameter is null && property.SetMethod is not { IsPublic: true }) continue;
            if (parameter is not null) positions[parameter.Position] = members.Count;
            setters.Add(parameter is null ? MethodInvoker.Create(property.SetMethod!) : null);
            members.Add(MemberOf(property, parameter, nullability));
        }

        Shape.Number(members);
        return new Shape(ShapeKind.Structure, type.Name, type)
        {
            Members = members,
            Unsupported = type.GetCustomAttributes<UnsupportedAttribute>()
                .SelectMany(u => u.Names.Select(n => KeyValuePair.Create(n, u.Why))).ToDictionary(),
            Create = Creator(type, constructor, parameters, positions, setters),
        };
    }

    private static Member MemberOf(PropertyInfo property, ParameterInfo? parameter, NullabilityInfoContext nullability)
    {
        object[] attributes =
            [.. property.GetCustomAttributes(), .. parameter?.GetCustomAttributes() ?? []];
        T? Find<T>() where T : Attribute => attributes.OfType<T>().FirstOrDefault();
        var wire = Find<WireAttribute>();
        var positional = parameter is { HasDefaultValue: false } && Find<UnsupportedAttribute>() is null
            && nullability.Create(parameter).WriteState != NullabilityState.Nullable;
        var (location, name) = attributes.Select(Place).FirstOrDefault(p => p.Location != MemberLocation.Body);
        return new Member(property.Name, () => Shape.Of(property.PropertyType), () => Accessor.Of(property))
        {
            RequestWire = wire?.Name,
            ResponseWire = wire?.Response ?? wire?.Name,
            MissingName = wire?.Missing,
            Required = positional || Find<RequiredMemberAttribute>() is not null,
            Unsupported = Find<UnsupportedAttribute>()?.Why,
            EmptyIsPresent = Find<EmptyIsPresentAttribute>() is not null,
            Limits = Limits.Of(attributes),
            Location = location,
            LocationName = name,
            Timestamp = Find<TimestampAttribute>()?.Format,
            Flattened = Find<FlattenedAttribute>() is not null,
            XmlAttribute = Find<XmlAttributeAttribute>() is not null,
            ElementName = Find<ElementAttribute>()?.Name,
        };
    }

    private static (MemberLocation Location, string? Name) Place(object attribute) => attribute switch
    {
        HeaderAttribute header => (MemberLocation.Header, header.Name),
        HeaderPrefixAttribute headers => (MemberLocation.Headers, headers.Prefix),
        QueryAttribute query => (MemberLocation.Query, query.Name),
        PathAttribute path => (MemberLocation.Path, path.Name),
        PayloadAttribute => (MemberLocation.Payload, null),
        StatusCodeAttribute => (MemberLocation.StatusCode, null),
        _ => (MemberLocation.Body, null),
    };

    private static Func<object?[], object> Creator(
        Type type, ConstructorInfo? constructor, ParameterInfo[] parameters, int[] positions,
        List<MethodInvoker?> setters)
    {
        var invoker = constructor is null ? null : ConstructorInvoker.Create(constructor);
        var defaults = parameters.Select(p => p.HasDefaultValue ? p.DefaultValue : null).ToArray();
        return values =>
        {
            var arguments = defaults.Length == 0 ? [] : new object?[defaults.Length];
            for (var i = 0; i < arguments.Length; i++) arguments[i] = values[positions[i]] ?? defaults[i];
            var record = invoker is null ? RuntimeHelpers.GetUninitializedObject(type)
                : invoker.Invoke(arguments.AsSpan());
            for (var i = 0; i < values.Length; i++)
            {
                if (values[i] is { } value) setters[i]?.Invoke(record, value);
            }

            return record;
        };
    }
}
