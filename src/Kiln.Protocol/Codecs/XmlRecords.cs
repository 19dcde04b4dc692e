using System.Collections;
using Kiln.Protocol.Shapes;

namespace Kiln.Protocol.Codecs;

/// <summary>Writes records as XML.</summary>
/// <remarks>Absent members are left out; an empty list is an empty element, as EC2 writes it.</remarks>
internal sealed class XmlRecords(XmlRules rules)
{
    private readonly XmlPlans _plans = new(rules);

    /// <summary>Writes a structure's members, without an element around them.</summary>
    public void Content(XmlWriter xml, object record, Shape shape)
    {
        foreach (var plan in _plans.Of(shape).Members) Member(xml, record, plan);
    }

    /// <summary>Writes a structure as an element.</summary>
    public void Structure(XmlWriter xml, object record, Shape shape, ReadOnlySpan<byte> open, ReadOnlySpan<byte> close)
    {
        xml.Raw(open);
        var plan = _plans.Of(shape);
        foreach (var attribute in plan.Attributes)
        {
            if (attribute.Member.Get(record) is not { } value) continue;
            xml.Raw(attribute.AttributeStart);
            xml.Text(Scalars.Text(attribute.Member.Shape, value, TimestampFormat.Iso8601));
            xml.Raw("\""u8);
        }

        xml.Raw(">"u8);
        foreach (var member in plan.Members) Member(xml, record, member);
        xml.Raw(close);
    }

    private void Member(XmlWriter xml, object record, XmlMemberPlan plan)
    {
        var member = plan.Member;
        var shape = member.Shape;
        switch (shape.Kind)
        {
            case ShapeKind.String or ShapeKind.Enum:
                if (member.Accessor.Text(record) is not { } text) return;
                Begin(xml, plan);
                xml.Text(text);
                break;
            case ShapeKind.Boolean:
                if (!member.Accessor.TryBoolean(record, out var flag)) return;
                Begin(xml, plan);
                xml.Text(flag);
                break;
            case ShapeKind.Integer or ShapeKind.Long:
                if (!member.Accessor.TryLong(record, out var number)) return;
                Begin(xml, plan);
                xml.Text(number);
                break;
            case ShapeKind.Timestamp:
                if (!member.Accessor.TryTime(record, out var time)) return;
                Begin(xml, plan);
                xml.Text(time, member.Timestamp ?? shape.Timestamp ?? TimestampFormat.Iso8601);
                break;
            default:
                if (member.Get(record) is { } value) Compound(xml, value, plan);
                return;
        }

        xml.Raw(plan.Close);
    }

    private void Compound(XmlWriter xml, object value, XmlMemberPlan plan)
    {
        var (member, shape) = (plan.Member, plan.Member.Shape);
        if (shape.Kind == ShapeKind.Structure)
        {
            Structure(xml, value, shape, plan.Open, plan.Close);
            return;
        }

        if (member.Flattened && shape.Kind is ShapeKind.List or ShapeKind.Map)
        {
            Items(xml, value, shape, plan.Open, plan.Close);
            return;
        }

        Begin(xml, plan);
        if (shape.Kind is ShapeKind.List or ShapeKind.Map)
        {
            var (open, close) = _plans.Tags(
                shape.Kind == ShapeKind.Map ? rules.EntryName : rules.Element(member, shape));
            Items(xml, value, shape, open, close);
        }
        else
        {
            Scalar(xml, value, shape);
        }

        xml.Raw(plan.Close);
    }

    private void Items(XmlWriter xml, object value, Shape shape, byte[] open, byte[] close)
    {
        if (shape.Kind == ShapeKind.Map)
        {
            foreach (DictionaryEntry entry in Entries(value)) Entry(xml, entry, shape, open, close);
            return;
        }

        var element = shape.Element!;
        if (value is IList list)
        {
            for (var i = 0; i < list.Count; i++) Item(xml, list[i], element, open, close);
            return;
        }

        foreach (var item in (IEnumerable)value) Item(xml, item, element, open, close);
    }

    private void Item(XmlWriter xml, object? item, Shape shape, byte[] open, byte[] close)
    {
        if (item is null) return;
        if (shape.Kind == ShapeKind.Structure)
        {
            Structure(xml, item, shape, open, close);
            return;
        }

        xml.Raw(open);
        xml.Raw(">"u8);
        if (shape.Kind is ShapeKind.List or ShapeKind.Map)
        {
            var inner = _plans.Tags(shape.Kind == ShapeKind.Map ? rules.EntryName : rules.Element(null, shape));
            Items(xml, item, shape, inner.Open, inner.Close);
        }
        else
        {
            Scalar(xml, item, shape);
        }

        xml.Raw(close);
    }

    private void Entry(XmlWriter xml, DictionaryEntry entry, Shape shape, byte[] open, byte[] close)
    {
        if (entry.Value is null) return;
        xml.Raw(open);
        xml.Raw(">"u8);
        xml.Element(shape.KeyName, (string)entry.Key);
        var inner = _plans.Tags(shape.ValueName);
        Item(xml, entry.Value, shape.Element!, inner.Open, inner.Close);
        xml.Raw(close);
    }

    private static IEnumerable<DictionaryEntry> Entries(object map)
    {
        var entries = ((IDictionary)map).GetEnumerator();
        while (entries.MoveNext()) yield return entries.Entry;
    }

    private static void Begin(XmlWriter xml, XmlMemberPlan plan)
    {
        xml.Raw(plan.Open);
        xml.Raw(">"u8);
    }

    private static void Scalar(XmlWriter xml, object value, Shape shape)
    {
        if (shape.Kind == ShapeKind.Blob) xml.Base64(Scalars.Bytes(value).Span);
        else xml.Text(Scalars.Text(shape, value, TimestampFormat.Iso8601));
    }
}
