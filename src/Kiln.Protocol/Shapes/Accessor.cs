using System.Reflection;
using System.Runtime.CompilerServices;

namespace Kiln.Protocol.Shapes;

/// <summary>Reads one member out of a record: typed, so that writing a response boxes nothing.</summary>
internal abstract class Accessor
{
    public abstract object? Get(object record);

    public virtual bool TryBoolean(object record, out bool value)
    {
        var boxed = Get(record);
        value = boxed is true;
        return boxed is bool;
    }

    public virtual bool TryLong(object record, out long value)
    {
        var boxed = Get(record);
        value = boxed switch { int i => i, long l => l, _ => 0 };
        return boxed is int or long;
    }

    public virtual bool TryTime(object record, out DateTimeOffset value)
    {
        var boxed = Get(record);
        value = boxed is DateTimeOffset time ? time : default;
        return boxed is DateTimeOffset;
    }

    /// <summary>The text of a string or the wire text of an enum.</summary>
    public virtual string? Text(object record) =>
        Get(record) switch
        {
            null => null,
            string text => text,
            var value => EnumTable.Of(value.GetType()).Text(value),
        };

    /// <summary>The fastest accessor there is for a property.</summary>
    public static Accessor Of(PropertyInfo property)
    {
        var (owner, type) = (property.DeclaringType!, property.PropertyType);
        if (owner.IsValueType) return new ReflectedAccessor(property);
        var scalar = Nullable.GetUnderlyingType(type) ?? type;
        var accessor = !scalar.IsEnum ? typeof(PropertyAccessor<,>).MakeGenericType(owner, type)
            : scalar == type ? typeof(EnumAccessor<,>).MakeGenericType(owner, type)
            : typeof(NullableEnumAccessor<,>).MakeGenericType(owner, scalar);
        return (Accessor)Activator.CreateInstance(accessor, property.GetMethod!)!;
    }
}

/// <summary>A member of a record that is a struct.</summary>
internal sealed class ReflectedAccessor(PropertyInfo property) : Accessor
{
    public override object? Get(object record) => property.GetValue(record);
}

/// <summary>A member of a described shape, whose records are dictionaries.</summary>
internal sealed class EntryAccessor(string name) : Accessor
{
    public override object? Get(object record) =>
        ((IReadOnlyDictionary<string, object?>)record).GetValueOrDefault(name);
}

internal sealed class PropertyAccessor<TRecord, TValue>(MethodInfo getter) : Accessor where TRecord : class
{
    private readonly Func<TRecord, TValue> _get = getter.CreateDelegate<Func<TRecord, TValue>>();

    public override object? Get(object record) => _get((TRecord)record);

    public override bool TryBoolean(object record, out bool value)
    {
        var member = _get((TRecord)record);
        if (typeof(TValue) == typeof(bool)) return Given<bool>(Unsafe.As<TValue, bool>(ref member), out value);
        if (typeof(TValue) == typeof(bool?)) return Given<bool>(Unsafe.As<TValue, bool?>(ref member), out value);
        return Given<bool>(null, out value);
    }

    public override bool TryLong(object record, out long value)
    {
        var member = _get((TRecord)record);
        if (typeof(TValue) == typeof(int)) return Given<long>(Unsafe.As<TValue, int>(ref member), out value);
        if (typeof(TValue) == typeof(int?)) return Given<long>(Unsafe.As<TValue, int?>(ref member), out value);
        if (typeof(TValue) == typeof(long)) return Given<long>(Unsafe.As<TValue, long>(ref member), out value);
        if (typeof(TValue) == typeof(long?)) return Given<long>(Unsafe.As<TValue, long?>(ref member), out value);
        return Given<long>(null, out value);
    }

    public override bool TryTime(object record, out DateTimeOffset value)
    {
        var member = _get((TRecord)record);
        if (typeof(TValue) == typeof(DateTimeOffset))
            return Given<DateTimeOffset>(Unsafe.As<TValue, DateTimeOffset>(ref member), out value);
        if (typeof(TValue) == typeof(DateTimeOffset?))
            return Given<DateTimeOffset>(Unsafe.As<TValue, DateTimeOffset?>(ref member), out value);
        return Given<DateTimeOffset>(null, out value);
    }

    public override string? Text(object record) => _get((TRecord)record) as string;

    private static bool Given<T>(T? member, out T value) where T : struct
    {
        value = member.GetValueOrDefault();
        return member.HasValue;
    }
}

internal sealed class EnumAccessor<TRecord, TEnum>(MethodInfo getter) : Accessor
    where TRecord : class where TEnum : struct, Enum
{
    private readonly Func<TRecord, TEnum> _get = getter.CreateDelegate<Func<TRecord, TEnum>>();

    public override object? Get(object record) => _get((TRecord)record);

    public override string? Text(object record) => EnumTexts<TEnum>.Of(_get((TRecord)record));
}

internal sealed class NullableEnumAccessor<TRecord, TEnum>(MethodInfo getter) : Accessor
    where TRecord : class where TEnum : struct, Enum
{
    private readonly Func<TRecord, TEnum?> _get = getter.CreateDelegate<Func<TRecord, TEnum?>>();

    public override object? Get(object record) => _get((TRecord)record);

    public override string? Text(object record) =>
        _get((TRecord)record) is { } value ? EnumTexts<TEnum>.Of(value) : null;
}
