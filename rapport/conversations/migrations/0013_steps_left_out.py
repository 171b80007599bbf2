from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0012_topics_as_they_were")]

    operations = [
        migrations.AddField(
            model_name="clock",
            name="skipped",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
    ]
