using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Kiln.Service.Persistence;

/// <summary>Columns that hold a small immutable document as JSON: device maps, rule lists, settings nobody filters
/// on.</summary>
public static class Json
{
    private static readonly JsonSerializerOptions Options = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>Stores a property as JSON text. The value must be treated as immutable: assign a new one to change
    /// it.</summary>
    public static PropertyBuilder<T> HasJson<T>(this PropertyBuilder<T> property)
    {
        var converter = new ValueConverter<T, string>(
            value => JsonSerializer.Serialize(value, Options),
            text => JsonSerializer.Deserialize<T>(text, Options)!);
        // Immutable documents: reference equality decides cheaply, the text decides truly.
        var comparer = new ValueComparer<T>(
            (left, right) => ReferenceEquals(left, right)
                || JsonSerializer.Serialize(left, Options) == JsonSerializer.Serialize(right, Options),
            value => value == null ? 0 : value.GetHashCode(),
            value => value);
        property.HasConversion(converter, comparer);
        return property;
    }
}
