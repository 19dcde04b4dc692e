using Microsoft.EntityFrameworkCore;

namespace Kiln.Tests.Architecture;

/// <summary>The tables of the product's database as its contexts declare them.</summary>
public static class Entities
{
    /// <summary>Every set of every context: its property's name and its entity.</summary>
    public static IEnumerable<(string Name, Type Entity)> Sets() =>
        from type in typeof(Kiln.Service.Calls.KnownOperations).Assembly.GetTypes()
        where typeof(DbContext).IsAssignableFrom(type)
        from property in type.GetProperties()
        where property.DeclaringType == type && property.PropertyType.IsGenericType
            && property.PropertyType.GetGenericTypeDefinition() == typeof(DbSet<>)
        select (property.Name, property.PropertyType.GetGenericArguments()[0]);
}
